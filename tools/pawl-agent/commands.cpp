#include "tools/pawl-agent/commands.hpp"
#include "sandbox/base/write_all.hpp"

#include <boost/json/serialize.hpp>

#include "tools/pawl-agent/actions_report.hpp"
#include "tools/pawl-agent/errand.hpp"
#include "tools/pawl-agent/mcp/server.hpp"
#include "tools/pawl-agent/status_report.hpp"

namespace pawl::agent {
namespace {

using tools::ExitCode;
using tools::Outcome;

constexpr std::chrono::milliseconds kBrokerReturns{5000};  // how long a listing waits for a restarting broker

class Runner {
 public:
  explicit Runner(const Surroundings& surroundings) : around_(surroundings) {}

  ExitCode operator()(const HelpCommand& command) { return print(std::string(help_text(command.verb))); }
  ExitCode operator()(const VersionCommand&) { return print("pawl-agent " PAWL_VERSION "\n"); }

  ExitCode operator()(const ActionsCommand& command) {
    auto answer = run_errand({around_.socket, ListActions{}, kBrokerReturns});
    if (!answer) return complain(answer.error());
    const auto& welcome = std::get<wire::AgentWelcome>(*answer);
    return print(command.format == Format::json ? boost::json::serialize(actions_json(welcome)) + "\n"
                                                : describe(welcome));
  }

  ExitCode operator()(const RequestCommand& command) {
    return report(
        run_errand({around_.socket, Wish{command.action, command.parameters, command.why}, command.wait}),
        command.format);
  }
  ExitCode operator()(const StatusCommand& command) {
    return report(run_errand({around_.socket, Follow{command.id}, command.wait}), command.format);
  }

  ExitCode operator()(const McpCommand&) {
    if (auto served = mcp::serve({around_.socket, 0, around_.out}); !served) return complain(served.error());
    return ExitCode::done;
  }

 private:
  ExitCode print(const std::string& text) {
    if (auto written = write_all(around_.out, text); !written) return complain(written.error());
    return ExitCode::done;
  }
  ExitCode complain(const tools::Trouble& trouble) {
    // Nothing is left to try when the message itself cannot be written; the exit code says it.
    (void)write_all(around_.err, "pawl-agent: " + trouble.line() + "\n");
    return trouble.code;
  }
  ExitCode report(const Outcome<Answer>& answer, Format format) {
    if (!answer) return complain(answer.error());
    const auto& status = std::get<wire::RequestStatus>(*answer);
    if (format == Format::json) {
      const ExitCode printed = print(boost::json::serialize(to_json(status)) + "\n");
      return printed == ExitCode::done ? exit_code_of(status) : printed;
    }
    const ExitCode printed = print(status.standard_output);
    std::string notes = status.standard_error;
    // What would be done is of interest until it is done, or not.
    if (!wire::is_final(status.state) && !status.preview.empty())
      notes += "pawl-agent: its preview, which people are shown:\n" + status.preview +
               (status.preview.ends_with('\n') ? "" : "\n");
    if (status.output_truncated) notes += "pawl-agent: the output was longer; this is not all of it\n";
    notes += "pawl-agent: " + describe(status) + "\n";
    (void)write_all(around_.err, notes);
    return printed == ExitCode::done ? exit_code_of(status) : printed;
  }

  const Surroundings& around_;
};

}  // namespace

ExitCode run_command(const Command& command, const Surroundings& surroundings) {
  return std::visit(Runner(surroundings), command);
}

}  // namespace pawl::agent
