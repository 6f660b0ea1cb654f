// pawl session-over: what `pawl run` has said when a session left changes. Not listed; not for people to
// type.
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/kept_changes.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {

Action declare_session_over(Options& command) {
  auto id = std::make_shared<std::string>();
  command.required("ID", *id, "the session");
  return [id]() -> Outcome<ExitCode> {
    print_error(receipt::visible(tools::kept_changes(*id)));
    return ExitCode::done;
  };
}

}  // namespace pawl::cli
