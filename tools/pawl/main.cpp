// pawl: the people's command. Runs as the person and holds no secret. Small and static, because a launch must
// not wait for libraries: it knows `run` and `attach`, and hands `gate` to pawl-gate and every other verb to
// pawl-cli.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "sandbox/base/own_programs.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/attach.hpp"
#include "tools/pawl/run.hpp"

namespace {

using pawl::tools::ExitCode;

void say(int descriptor, std::string_view text) {
  // Whoever closed our output will not read a complaint about it either.
  if (::write(descriptor, text.data(), text.size()) < 0) return;
}

// Later descriptors must not land on 0, 1 or 2.
void fill_standard_streams() {
  for (int number = 0; number < 3; ++number)
    if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY) != number)
      ::_exit(125);
}

int complain(const pawl::tools::Trouble& trouble) {
  // Names of files, roles and commands may hold anything: nothing of it is left to act on a terminal.
  say(2, "pawl: " + pawl::receipt::visible(trouble.line()) + "\n");
  return static_cast<int>(trouble.code);
}

int run(const std::vector<std::string>& words) {
  const auto parsed = pawl::run::parse_run(words);
  if (!parsed) return complain(parsed.error());
  if (std::holds_alternative<pawl::run::RunHelp>(*parsed)) {
    say(1, pawl::run::run_help());
    return 0;
  }
  const auto status = pawl::run::run(std::get<pawl::run::RunCommand>(*parsed));
  return status ? *status : complain(status.error());
}

int attach(const std::vector<std::string>& words) {
  const auto parsed = pawl::run::parse_attach(words);
  if (!parsed) return complain(parsed.error());
  if (std::holds_alternative<pawl::run::RunHelp>(*parsed)) {
    say(1, pawl::run::attach_help());
    return 0;
  }
  const auto status = pawl::run::attach(std::get<pawl::run::AttachCommand>(*parsed));
  return status ? *status : complain(status.error());
}

int hand_over(const char* name, char** argv) {
  const auto program = pawl::find_program(name);
  if (!program) return complain(program.error());
  ::execv(program->c_str(), argv);
  return complain(pawl::tools::Trouble(pawl::failed("start " + *program).error()));
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "run") return run({argv + 2, argv + argc});
  if (verb == "attach") return attach({argv + 2, argv + argc});
  if (verb == "--version") {
    say(1, "pawl " PAWL_VERSION "\n");
    return 0;
  }
  if (verb == "gate") {
    (void)hand_over("pawl-gate", argv + 1);
    return static_cast<int>(ExitCode::pawl_failed);
  }
  return hand_over("pawl-cli", argv);
}
