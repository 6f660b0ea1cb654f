// pawld: the broker. `pawld --embedded` serves one person, as that person; `pawld --system` serves the host,
// as the user `pawl`. Wiring only: what happens stands in broker/.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "sandbox/caps.hpp"
#include "sandbox/cgroup_tree.hpp"
#include "supervisor/broker/broker.hpp"
#include "supervisor/policy/policy.hpp"
#include "supervisor/receipt/openssl_start.hpp"

namespace pawl {
namespace {

constexpr int kFailed = 1, kUsage = 2, kInvalidPolicy = 5;
constexpr std::uint32_t kNobody = 65534;

constexpr char kHelp[] =
    "usage: pawld --embedded | --system\n"
    "\n"
    "The broker: holds policy, secrets and the ledger, and performs approved actions.\n"
    "  --embedded  for one person, with ~/.config/pawl and ~/.local/state/pawl; `pawl run` starts it by "
    "itself\n"
    "  --system    for the host, as the user pawl, with /etc/pawl and /var/lib/pawl; needs CAP_SETUID and "
    "CAP_SETGID\n"
    "              to run actions as the user that pawl.toml names (action_user)\n"
    "exit: 0 stopped, 1 failed, 2 usage, 5 invalid policy\n";

int complain(int status, const std::string& text) {
  std::fprintf(stderr, "pawld: %s\n", text.c_str());
  return status;
}

// Who actions and pawl's helpers run as: never root, and under the system broker never the broker.
Result<broker::OuterIdentity> helper_identity(const wire::Paths& paths, const policy::Settings& settings) {
  if (paths.home == wire::Home::embedded && ::geteuid() != 0) return broker::OuterIdentity{};
  if (settings.action_user.empty()) {
    if (paths.home == wire::Home::embedded) return broker::OuterIdentity{kNobody, kNobody};
    return refuse("pawl.toml names no action_user", "add action_user = \"pawl-action\"");
  }
  const passwd* const user = ::getpwnam(settings.action_user.c_str());
  if (user == nullptr)
    return refuse("there is no user " + settings.action_user,
                  "create it, or change action_user in pawl.toml");
  if (user->pw_uid == 0 || user->pw_gid == 0 || user->pw_uid == ::geteuid())
    return refuse("action_user " + settings.action_user + " is root or the broker itself",
                  "name a user of its own");
  return broker::OuterIdentity{user->pw_uid, user->pw_gid};
}

// The spawner keeps what it needs for changing the uid; the broker itself goes on without any capability.
Result<> drop_capabilities() {
  if (::geteuid() == 0) return {};  // root without capabilities could not read the person's own files either
  if (const int error = sandbox::drop_own_capabilities(); error != 0)
    return failed("drop capabilities", error);
  return {};
}

Result<> harden() {
  // Other processes of this uid must read neither memory nor environment.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return failed("RLIMIT_CORE");
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::umask(077);
  return {};
}

int serve(const wire::Paths& paths) {
  const auto programs = broker::Programs::find();
  if (!programs) return complain(kFailed, programs.error().text());
  const bool system = paths.home == wire::Home::system;
  // A unit with Delegate=yes: the cgroups of actions are made beside the broker's own, so it steps down
  // first.
  if (system)
    if (auto settled = sandbox::settle_below("broker"); !settled)
      return complain(kFailed, settled.error().text());
  // SAFETY: before any thread and any secret.
  auto spawner = broker::Spawner::start(programs->launch);
  if (!spawner) return complain(kFailed, spawner.error().text());
  if (auto hard = harden(); !hard) return complain(kFailed, hard.error().text());

  const auto policy = policy::load(
      {system ? policy::HomeKind::system : policy::HomeKind::embedded, paths.configuration, ::geteuid()});
  if (!policy) return complain(kInvalidPolicy, "the policy is refused:\n" + policy::text_of(policy.error()));
  const auto helpers = helper_identity(paths, policy->settings);
  if (!helpers) return complain(kInvalidPolicy, helpers.error().text());
  if (auto dropped = drop_capabilities(); !dropped) return complain(kFailed, dropped.error().text());

  broker::Loop loop;
  loop.on_termination([&loop] { loop.stop(); });
  auto broker = broker::Broker::open(loop, *std::move(spawner), {paths, *programs, *helpers});
  if (!broker) return complain(kFailed, broker.error().text());
  loop.run();
  return (*broker)->healthy() ? 0 : kFailed;
}

int run(int argc, char** argv) {
  const std::string_view home = argc == 2 ? argv[1] : "";
  if (home == "--help" || home == "-h") return std::fputs(kHelp, stdout) < 0 ? kFailed : 0;
  if (home == "--system") return serve(wire::system_paths());
  if (home != "--embedded") return std::fputs(kHelp, stderr) < 0 ? kFailed : kUsage;
  const auto paths = wire::embedded_paths();
  if (!paths) return complain(kFailed, paths.error().text());
  return serve(*paths);
}

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) {
  pawl::receipt::ignore_openssl_configuration();
  try {
    return pawl::run(argc, argv);
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "pawld: internal error: %s\n", bug.what());
    return 1;
  }
}
