// pawl session-over: what `pawl run` has said when a session left changes. Not listed; not for people to
// type.
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/kept_changes.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {

Action declare_session_over(CLI::App& command) {
  auto id = std::make_shared<std::string>();
  command.add_option("ID", *id, "the session")->required();
  return [id]() -> Outcome<ExitCode> {
    print_error(receipt::visible(tools::kept_changes(*id)));
    return ExitCode::done;
  };
}

}  // namespace pawl::cli
