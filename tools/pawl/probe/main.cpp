// pawl-probe LAYER FOLDER: tries one layer for `pawl doctor`, which listens on descriptor 3 and sets the
// time. Small, static and without policy: it may make user namespaces where AppArmor lets only named programs
// do so (packaging/apparmor), and it runs nobody's commands.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>

#include <string_view>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/host_remedies.hpp"
#include "sandbox/plan.hpp"
#include "tools/pawl/probe/probe.hpp"
#include "tools/pawl/probe/report.hpp"

namespace pawl::probe {
namespace {

constexpr std::uint32_t kNobody = 65534;
constexpr std::string_view kGotThrough = "got through: ";
constexpr std::string_view kNothing = "nothing to hold: ";
constexpr std::string_view kNeeds = "needs ";  // the layer's name, a colon, the error's own trail

constexpr Entry kEntries[] = {
    {sandbox::Layer::user_namespace, As::session, try_user_namespace},
    {sandbox::Layer::nested_user_namespace, As::session, try_nested_user_namespace},
    {sandbox::Layer::id_maps, As::session, try_id_maps},
    {sandbox::Layer::new_root, As::session, try_new_root},
    {sandbox::Layer::read_only_bind, As::session, try_read_only_bind},
    {sandbox::Layer::pid_namespace, As::session, try_pid_namespace},
    {sandbox::Layer::private_proc, As::session, try_private_proc},
    {sandbox::Layer::network_namespace, As::session, try_network_namespace},
    {sandbox::Layer::redirect, As::session, try_redirect},
    {sandbox::Layer::ipc_namespace, As::session, try_ipc_namespace},
    {sandbox::Layer::uts_namespace, As::session, try_uts_namespace},
    {sandbox::Layer::cgroup_namespace, As::session, try_cgroup_namespace},
    {sandbox::Layer::overlay, As::session, try_overlay},
    {sandbox::Layer::no_new_privileges, As::session, try_no_new_privileges},
    {sandbox::Layer::seccomp, As::session, try_seccomp},
    {sandbox::Layer::foreign_abi, As::session, try_foreign_abi},
    {sandbox::Layer::landlock, As::session, try_landlock},
    {sandbox::Layer::landlock_scopes, As::session, try_landlock_scopes},
    {sandbox::Layer::keyring, As::session, try_keyring},
    {sandbox::Layer::close_range, As::session, try_close_range},
    {sandbox::Layer::pidfd, As::session, try_pidfd},
    {sandbox::Layer::terminal, As::session, try_terminal},
    {sandbox::Layer::limits, As::person, try_limits},
    {sandbox::Layer::state_directory, As::person, try_state_directory},
    {sandbox::Layer::socket_directory, As::person, try_socket_directory},
};

void end_with_doctor() { ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

// As pawl-launch would; the folder is entered first, since the new ids may not reach its path.
Result<Ground> prepare(As as, const char* place) {
  const UniqueFd folder(::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fchdir(folder.get()) != 0) return failed(std::string("enter ") + place);
  Ground ground{{::getuid(), ::getgid()}, place};
  if (as == As::person) return ground;
  sandbox::LaunchPlan plan;
  if (::geteuid() == 0) plan.uid = plan.gid = kNobody;
  ground.identity = TRY(sandbox::take_identity(plan));
  // The kernel made us undumpable when the ids changed, and the id maps root's. Nothing is held here that
  // anybody could take.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
  // It forgot that with whom we go, too.
  end_with_doctor();
  return ground;
}

// The layer that the error is about, and the error without its mark.
std::pair<sandbox::Layer, Error> blamed(sandbox::Layer tried, const Error& error) {
  const std::size_t colon = error.trail.find(": ");
  if (!error.trail.starts_with(kNeeds) || colon == std::string::npos) return {tried, error};
  const auto other =
      sandbox::layer_named(std::string_view(error.trail).substr(kNeeds.size(), colon - kNeeds.size()));
  if (!other) return {tried, error};
  return {*other, {error.errnum, error.trail.substr(colon + 2), error.remedy}};
}

Report judge(sandbox::Layer layer, const Result<>& result, const sandbox::HostEvidence& host) {
  if (result) return {Verdict::holds, {}, {}};
  const Error& error = result.error();
  if (error.trail.starts_with(kNothing)) return {Verdict::nothing, error.trail.substr(kNothing.size()), {}};
  if (const std::size_t at = error.trail.find(kGotThrough); error.errnum == 0 && at != std::string::npos)
    return {Verdict::broken, error.trail.substr(at + kGotThrough.size()),
            "start no agent on this kernel: it does not enforce this; please report it"};
  const auto [blame, met] = blamed(layer, error);
  // The launcher's own code has looked already.
  const sandbox::Diagnosis known = met.remedy.empty() ? sandbox::diagnose(blame, met.errnum, host)
                                                      : sandbox::Diagnosis::of_advice(met.remedy);
  const std::string step = Error{met.errnum, met.trail, {}}.text();
  return {Verdict::refused, known ? known.cause + " (" + step + ")" : step, known.remedy};
}

Result<> attempt(const Entry& entry, const char* place) {
  const Ground ground = TRY(prepare(entry.as, place));
  return entry.probe(ground);
}

constexpr std::string_view kUsage =
    "pawl-probe tries one layer of a sandbox for `pawl doctor`, which listens on its descriptor 3.\n"
    "Run `pawl doctor` instead.\n";

int explain() { return ::write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? 1 : 2; }

int run(int argc, char** argv) {
  struct stat report{};
  const auto layer = argc == 3 ? sandbox::layer_named(argv[1]) : std::nullopt;
  if (!layer) return explain();
  const Entry* const entry = entry_of(*layer);
  if (entry == nullptr || ::fstat(kReportFd, &report) != 0 || !S_ISSOCK(report.st_mode)) return explain();
  ::fcntl(kReportFd, F_SETFD, FD_CLOEXEC);
  end_with_doctor();
  ::signal(SIGPIPE, SIG_IGN);
  const Channel channel{UniqueFd(kReportFd)};
  // Before the attempt: in its namespaces and under its filter this process would see its own.
  const sandbox::HostEvidence host = sandbox::look_at_host();
  return channel.send(codec::encode(judge(*layer, attempt(*entry, argv[2]), host))) ? 0 : 1;
}

}  // namespace

std::unexpected<Error> got_through(const std::string& what) {
  return refuse(std::string(kGotThrough) + what);
}
std::unexpected<Error> nothing_to_hold(const std::string& why) { return refuse(std::string(kNothing) + why); }

Result<> needing(sandbox::Layer other, Result<> result) {
  if (result || result.error().trail.starts_with(kNeeds)) return result;
  const std::string mark = std::string(kNeeds) + std::string(sandbox::facts_of(other).name);
  return std::unexpected(std::move(result).error().during(mark));
}

const Entry* entry_of(sandbox::Layer layer) {
  for (const Entry& entry : kEntries)
    if (entry.layer == layer) return &entry;
  return nullptr;
}

}  // namespace pawl::probe

int main(int argc, char** argv) { return pawl::probe::run(argc, argv); }
