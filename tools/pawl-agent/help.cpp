#include "tools/pawl-agent/arguments.hpp"

namespace pawl::agent {
namespace {

constexpr std::string_view kOverview =
    R"(pawl-agent: ask for privileged actions from inside a pawl sandbox.

You hold no production credential here. What your role allows you to ask for is done
outside, exactly as you asked, once people have approved exactly that.

  pawl-agent actions                            what may be asked for, with the parameters
  pawl-agent request ACTION key=value...        ask for it, and wait for the outcome
  pawl-agent status ID                          how an earlier request stands
  pawl-agent mcp                                the same as an MCP server on stdin and stdout

Each has --help. Example:
  pawl-agent request deploy service=web manifest=k8s/web.yaml --why "ships the fix for #12"

Exit codes: 0 done · 1 ran and failed · 2 usage · 3 refused or denied (the reason is printed:
ask again differently) · 4 expired · 5 invalid policy · 6 broker unreachable ·
7 nobody knows whether it ran · 75 still pending (it goes on without you: ask for its status)
)";

constexpr std::string_view kActions =
    R"(pawl-agent actions [--json]

Lists the actions that this session's role may ask for: parameters (with the pattern that a
value must match, as a whole; or, for files, the size limit), who has to approve, and how
long it may run.

  --json    one JSON array

Exit codes: 0 listed · 2 usage · 5 invalid policy · 6 broker unreachable
)";

constexpr std::string_view kRequest =
    R"(pawl-agent request ACTION key=value... [--why TEXT] [--wait TIME] [--json]

Asks for one privileged action and waits until people have decided and it has run. A file
parameter takes a path: the file is opened here, with your rights, and what it holds at this
moment is what will be used; later changes to it do not matter.

  --why TEXT   why it is needed, for the people who decide (at most 280 characters)
  --wait TIME  how long to wait: 90s (the default), 10m, 0 for not at all
  --json       the outcome as one JSON object

A request outlives this command: when it is still pending after the wait, its id is printed and
the exit code is 75. `pawl-agent status ID --wait 90s` goes on waiting; asking for exactly the
same again joins the pending request instead of making a second one.

When it ran, what it printed is printed here.

  pawl-agent request deploy service=web image=registry.example.com/web@sha256:... \
      manifest=k8s/web.yaml --why "ships the fix for #12"

Exit codes: 0 ran and succeeded · 1 ran and failed · 2 usage · 3 denied or refused, with the
reason · 4 expired · 5 invalid policy · 6 broker unreachable · 7 nobody knows whether it ran ·
75 still pending
)";

constexpr std::string_view kStatus =
    R"(pawl-agent status ID [--wait TIME] [--json]

How a request of this session stands. ID may be shortened to its first 8 or more characters.

  --wait TIME  wait up to so long for the outcome (default: answer at once)
  --json       one JSON object

Exit codes: those of `pawl-agent request`; 75 while it is pending, 1 for an unknown id.
)";

constexpr std::string_view kMcp =
    R"(pawl-agent mcp

Serves the Model Context Protocol on stdin and stdout, one JSON-RPC message a line: one tool
for each action that the role may ask for, and pawl_request_status. A call waits up to
90 seconds (`wait_seconds`) for people to decide; then it answers that the request is still
pending, under which id. Revisions: 2026-07-28, and with `initialize` 2025-11-25, 2025-06-18.

For an agent that is configured by file:
  { "mcpServers": { "pawl": { "command": "pawl-agent", "args": ["mcp"] } } }

Exit codes: 0 when stdin is closed · 1 stdin or stdout failed
)";

}  // namespace

std::string_view help_text(std::string_view verb) {
  if (verb == "actions") return kActions;
  if (verb == "request") return kRequest;
  if (verb == "status") return kStatus;
  if (verb == "mcp") return kMcp;
  return kOverview;
}

}  // namespace pawl::agent
