// pawl-gate, which is `pawl gate`: starts a pipeline's command if people have signed that. Runs as the
// runner, alone: static, without a broker or configuration. Reads a receipt and input files, which are
// anybody's bytes, and the signers' file, which is what it believes.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "sandbox/base/write_all.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/openssl_start.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/gate/check.hpp"
#include "tools/pawl/gate/once_list.hpp"
#include "tools/pawl/gate/program.hpp"
#include "tools/pawl/gate/tree_head.hpp"

namespace pawl::gate {
namespace {

using receipt::visible;
using receipt::visible_word;

constexpr int kRefused = 125;
constexpr std::size_t kMaxSigners = 1024 * 1024;  // bytes

void say(int descriptor, std::string_view text) {
  (void)write_all(descriptor, text);  // whoever closed our output will not read a complaint about it either
}

int complain(const Error& error) {
  say(STDERR_FILENO, "pawl gate: " + visible(error.text()) + "\n");
  return kRefused;
}

struct Inputs {
  std::vector<receipt::GateDocument::Input> list;  // by name
  std::optional<SealedProgram> program;            // where the command is one of them
};

Result<Inputs> take_inputs(const GateCommand& command) {
  Inputs inputs;
  const std::string& word = command.argv.front();
  const bool by_path = word.find('/') != std::string::npos;
  for (const std::string& path : command.inputs) {
    const std::string name(receipt::input_name(path));
    const UniqueFd file = TRY_DURING("input", open_regular(path, Links::refused));
    Measured measured;
    if (by_path && receipt::input_name(word) == name && !inputs.program) {
      inputs.program = TRY_DURING("input " + path, seal_program(file.get()));
      measured = inputs.program->measured;
    } else {
      measured = TRY_DURING("input " + path, measure(file.get()));
    }
    inputs.list.push_back({name, measured.sha256, measured.size});
  }
  std::ranges::sort(inputs.list, {}, &receipt::GateDocument::Input::name);
  const auto twice = std::ranges::adjacent_find(inputs.list, {}, &receipt::GateDocument::Input::name);
  if (twice != inputs.list.end()) return refuse("--input " + twice->name + " is given twice");
  return inputs;
}

Result<> check_tree(const GateCommand& command) {
  if (command.tree.empty()) return {};
  const WorkTree tree = TRY_DURING("--verify-tree", find_work_tree(command.tree));
  if (std::string(receipt::kGitSubject) + tree.head == command.subject) return {};
  return refuse("HEAD of " + tree.root + " is git:" + tree.head + ", not " + command.subject,
                "check the commit out");
}

std::string report(const GateCommand& command, const Released& released) {
  std::string persons;
  for (const std::string& person : released.persons) persons += (persons.empty() ? "" : ", ") + person;
  std::string text = "pawl gate: request " + released.request + " of " + visible(released.audience) +
                     ", asked by " + visible(released.launcher) + ", approved by " + visible(persons) +
                     "; starts " + visible_word(command.argv.front()) + " for " + command.subject + "\n";
  if (command.once.empty())
    text += "pawl gate: whether it was used elsewhere cannot be told without --once DIR\n";
  return text;
}

Result<int> gate(const GateCommand& command) {
  const std::string signers = TRY_DURING("--signers", read_regular(command.signers, kMaxSigners));
  const std::string text = TRY_DURING("--receipt", read_regular(command.receipt, receipt::kMaxBundleBytes));
  const Inputs inputs = TRY(take_inputs(command));
  const std::int64_t now = ::time(nullptr);
  const Released released = TRY(check_receipt(text, signers, command, inputs.list, now));
  TRY(check_tree(command));
  std::string path;
  if (!inputs.program) path = TRY(find_command(command.argv.front()));
  // The last thing that can refuse: what fails before it leaves the receipt unused.
  if (!command.once.empty()) TRY(burn(command.once, released, command.subject, now));
  if (command.verbose) say(STDERR_FILENO, report(command, released));
  return std::unexpected(inputs.program ? start(*inputs.program, command.argv) : start(path, command.argv));
}

int run(std::span<const std::string> words) {
  const auto parsed = parse_gate(words);
  if (!parsed) return complain(parsed.error());
  if (std::holds_alternative<GateHelp>(*parsed)) {
    say(STDOUT_FILENO, gate_help());
    return 0;
  }
  const auto status = gate(std::get<GateCommand>(*parsed));
  return status ? *status : complain(status.error());
}

// Later descriptors must not land on 0, 1 or 2.
void fill_standard_streams() {
  for (int number = 0; number < 3; ++number)
    if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY) != number)
      ::_exit(kRefused);
}

}  // namespace
}  // namespace pawl::gate

int main(int argc, char** argv) {
  pawl::gate::fill_standard_streams();
  pawl::receipt::ignore_openssl_configuration();
  try {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (words.size() == 1 && words[0] == "--version") {
      pawl::gate::say(STDOUT_FILENO, "pawl-gate " PAWL_VERSION "\n");
      return 0;
    }
    return pawl::gate::run(words);
  } catch (const std::exception& bug) {
    return pawl::gate::complain({0, std::string("internal error: ") + bug.what(), "please report it"});
  }
}
