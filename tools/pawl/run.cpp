#include "tools/pawl/run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sandbox/host_remedies.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/broker_start.hpp"
#include "tools/pawl/private_home.hpp"
#include "tools/pawl/session.hpp"

namespace pawl::run {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr std::size_t kMaxPolicy = 64 * 1024;  // bytes

Result<std::string> read_policy(const std::string& path) {
  // O_NONBLOCK: a FIFO is refused below and must not hold us here.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failed("read policy file " + path);
  if (!S_ISREG(status.st_mode)) return refuse("policy file " + path + " is not a regular file");
  std::string text(kMaxPolicy + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read policy file " + path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxPolicy) return refuse("policy file " + path + " has more than 64 KiB");
  if (size == 0) return refuse("policy file " + path + " is empty");
  text.resize(size);
  return text;
}

Result<UniqueFd> open_workspace(const std::string& path) {
  UniqueFd workspace(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!workspace) {
    auto error = failed("open workspace " + path);
    return std::unexpected(std::move(error).error().advising("name an existing folder with --workspace DIR"));
  }
  return workspace;
}

Outcome<wire::OpenSession> compose(const RunCommand& command) {
  wire::OpenSession ask;
  ask.argv = command.argv;
  if (command.policy_file.empty())
    ask.role = command.role;
  else
    ask.policy_text = TRY(read_policy(command.policy_file));
  const StreamKinds kinds = stream_kinds();
  ask.stdio.assign(kinds.begin(), kinds.end());
  if (std::ranges::find(kinds, wire::StandardStream::terminal) != kinds.end())
    ask.terminal_type = terminal_type();
  return ask;
}

std::unexpected<tools::Trouble> nonsense() {
  return trouble(ExitCode::pawl_failed, "the broker's plan makes no sense",
                 "client and broker differ in version; restart the broker");
}

// Only what pawl itself needs of the plan; pawl-launch checks the whole.
Outcome<Session::Parts> arrange(const RunCommand& command, const tools::Greeted& broker,
                                wire::Answered<wire::SessionOpened> opened, UniqueFd workspace) {
  const auto plan = codec::decode<sandbox::LaunchPlan>(opened.message.plan);
  if (!plan || plan->stdio.size() != 3 || opened.descriptors.size() != 1) return nonsense();
  const HomeOwner owner{plan->uid == sandbox::kNone ? ::geteuid() : plan->uid,
                        plan->gid == sandbox::kNone ? ::getegid() : plan->gid};
  const std::string role = command.policy_file.empty() ? command.role : "policy-file";
  Session::Parts parts{
      .plan = opened.message.plan,
      .stdio = {plan->stdio[0].kind, plan->stdio[1].kind, plan->stdio[2].kind},
      .inherit = plan->inherit,
      .workspace = std::move(workspace),
      .home = TRY(sandbox::explained(
          sandbox::Layer::state_directory,
          open_private_home(TRY(wire::private_homes()), role, opened.message.home_key, owner))),
      .broker = Channel(std::move(opened.descriptors[0])),
      .resumer = Resumer(broker.paths, opened.message.id, opened.message.token),
  };
  return parts;
}

Outcome<int> run_session(const RunCommand& command) {
  if (tools::inside_a_session())
    return trouble(ExitCode::pawl_failed, "this is a pawl sandbox already, and sandboxes do not nest",
                   "run it directly, or start pawl run outside");
  const wire::OpenSession ask = TRY(compose(command));
  UniqueFd workspace = TRY(open_workspace(command.workspace));
  tools::Greeted broker = TRY(reach_broker());
  const int descriptor = workspace.get();
  auto opened = TRY(broker.client.ask<wire::SessionOpened>(ask, {&descriptor, 1}));
  auto session = TRY(Session::start(TRY(arrange(command, broker, std::move(opened), std::move(workspace)))));
  return session->run();
}

}  // namespace

Outcome<int> run(const RunCommand& command) {
  Outcome<int> outcome = run_session(command);
  if (!outcome && outcome.error().code != ExitCode::timed_out) outcome.error().code = ExitCode::pawl_failed;
  return outcome;
}

}  // namespace pawl::run
