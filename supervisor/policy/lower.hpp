// Role → plan: what the launcher builds, as plain data. Runs in pawld; pure, no privilege, golden-testable.
// Nothing of a secret is ever in a plan: see secret_variable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/plan.hpp"
#include "supervisor/policy/parameters.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

// Descriptors that are handed along with a session's plan.
inline constexpr std::uint32_t kSessionWorkspace = 0;  // the workspace, opened once by `pawl run`
inline constexpr std::uint32_t kSessionHome = 1;       // the private HOME of this role and workspace
inline constexpr std::uint32_t kSessionChanges = 2;    // only of an overlay workspace: Mount::changes
// Behind them stdin, stdout and stderr, as far as they are handed.
std::uint32_t session_stdin(const Role& role);
// With an action's plan.
inline constexpr std::uint32_t kActionExecutable = 0;  // the verified executable
inline constexpr std::uint32_t kActionStdout = 1;
inline constexpr std::uint32_t kActionStderr = 2;
inline constexpr std::uint32_t kActionInputs = 3;  // file parameters in the order of the declaration

// The first that neither is the person's own nor holds the workspace.
inline constexpr std::string_view kAgentHomes[] = {"/home/agent", "/home/pawl-agent",
                                                   "/home/pawl-agent-home"};
inline constexpr std::string_view kActionHome = "/home/action";
inline constexpr std::string_view kBrokerDirectory =
    "/run/pawl/broker";                                              // the session's socket directory, inside
inline constexpr std::string_view kToolDirectory = "/run/pawl/bin";  // pawl-agent, inside; first in PATH
inline constexpr std::uint16_t kFirstRoutePort = 7341;               // llm route i listens on this + i

enum class SessionStdio : std::uint8_t { terminal, pipes };

// The ids as processes inside see them, for the synthesized /etc/passwd and group.
struct InnerIdentity {
  std::uint32_t uid = 1000;
  std::uint32_t gid = 1000;
};

struct SessionContext {
  std::string session;  // id
  std::string
      workspace;  // canonical absolute host path of the opened workspace; shown at the same path inside
  std::string broker_directory;    // host directory that holds this session's socket
  std::string agent_program;       // host path of pawl-agent
  std::string person_home;         // the launcher's passwd home, canonical
  std::vector<std::string> homes;  // as passwd has them: the launcher's, and whose identity is taken on
  std::vector<std::string> private_directories;  // pawl's config, state, sockets, reviewers' keys: never
                                                 // shown, never inside a workspace
  std::vector<std::string> placeholders;         // one for each of role.llm (make_placeholder)
  std::vector<std::string> argv;
  SessionStdio stdio = SessionStdio::pipes;
  std::uint32_t uid = sandbox::kNone, gid = sandbox::kNone;  // outer ids to take on; kNone: the caller's
  InnerIdentity identity;
};

// Refused: workspaces that may not be one (system directories, a HOME or what holds one, what holds or lies
// in private_directories), role paths that would show those or something that looks like a credential.
Result<sandbox::LaunchPlan> lower_session(const Role& role, const SessionContext& context);

struct ActionContext {
  std::string request;                       // id
  std::string executable;                    // canonical host path of the verified executable
  std::vector<CheckedParameter> parameters;  // check_parameters
  std::vector<std::string> private_directories;
  std::uint32_t uid = sandbox::kNone, gid = sandbox::kNone;
  InnerIdentity identity;
};

// No workspace, no socket, no secret. The environment has only PATH, HOME, LANG and TMPDIR: the broker
// appends secret_variable() of each binding to the encoded plan's environment at the moment it spawns, and
// nowhere else.
Result<sandbox::LaunchPlan> lower_action(const Role& role, const Action& action,
                                         const ActionContext& context);

// The action's preview in the same sandbox, with `context.executable` the preview's program. Nobody has
// approved it: what the action may write it may only read. Secrets are appended likewise, those of
// preview_secrets alone.
Result<sandbox::LaunchPlan> lower_preview(const Role& role, const Action& action,
                                          const ActionContext& context);

// "DEPLOY_TOKEN=<value>". The result holds the secret: hand it to the spawner and let it die.
std::string secret_variable(const SecretBinding& binding, std::string_view value);

// The plan as stable lines of text: for golden tests and `pawl policy explain --plan`.
std::string describe(const sandbox::LaunchPlan& plan);

}  // namespace pawl::policy
