#include "supervisor/broker/services.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/wire/frame.hpp"

namespace pawl::broker {
namespace {

constexpr char kTrustStore[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr std::uint32_t kExecutable = 0, kControl = 1, kErrors = 2;  // descriptors of a service's plan

sandbox::LaunchPlan service_plan(const std::string& name, OuterIdentity identity) {
  sandbox::LaunchPlan plan;
  plan.name = name;
  plan.uid = identity.uid;
  plan.gid = identity.gid;
  plan.init = sandbox::Init::none;
  plan.argv = {name};
  plan.executable = kExecutable;
  plan.keep = {kControl};
  plan.stdio = {{sandbox::Stdio::null, sandbox::kNone},
                {sandbox::Stdio::null, sandbox::kNone},
                {sandbox::Stdio::descriptor, kErrors}};
  return plan;
}

sandbox::LaunchPlan egress_plan(OuterIdentity identity) {
  sandbox::LaunchPlan plan = service_plan("pawl-egress", identity);
  plan.network = sandbox::Network::none;
  plan.syscalls = sandbox::SyscallProfile::service;
  return plan;
}

// The dialer resolves names as the host does: libraries and resolver configuration, nothing else of the host.
sandbox::LaunchPlan dialer_plan(OuterIdentity identity) {
  using sandbox::MountKind;
  using sandbox::Presence;
  sandbox::LaunchPlan plan = service_plan("pawl-dial", identity);
  plan.network = sandbox::Network::host;
  plan.syscalls = sandbox::SyscallProfile::dialer;
  for (const char* path : {"/usr", "/etc/ld.so.cache", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                           "/etc/gai.conf", "/etc/host.conf"})
    plan.mounts.push_back(
        {.kind = MountKind::read_only,
         .target = path,
         .source = path,
         .presence = std::string_view(path) == "/usr" ? Presence::required : Presence::if_present,
         .origin = sandbox::Origin::pawls_own});
  for (const char* name : {"bin", "lib", "lib64", "sbin"})
    plan.mounts.push_back({.kind = MountKind::symlink,
                           .target = std::string("/") + name,
                           .source = std::string("usr/") + name});
  return plan;
}

}  // namespace

Result<Services::Started> Services::start(const std::string& program, sandbox::LaunchPlan plan,
                                          std::function<void(std::string)> ended) {
  const UniqueFd executable(::open(program.c_str(), O_PATH | O_CLOEXEC));
  if (!executable) return failed("open " + program);
  auto [ours, theirs] = TRY(Channel::pair());
  Channel client = TRY(spawner_.launch());
  const std::string name = plan.name;
  auto launch = std::make_unique<LaunchLink>(
      loop_, std::move(client),
      [name, ended = std::move(ended)](const sandbox::Report* report, const std::vector<UniqueFd>&) {
        if (report == nullptr) return ended(name + " is gone");
        if (report->kind == sandbox::ReportKind::failed)
          ended(name + " cannot start: " + Error{report->errnum, report->trail, report->remedy}.text());
        if (report->kind == sandbox::ReportKind::ended)
          ended(name + " ended with status " + std::to_string(report->status));
      });
  const int descriptors[] = {executable.get(), theirs.fd(), STDERR_FILENO};
  TRY(launch->start(sandbox::encode_plan(plan), descriptors));
  return Started{std::move(ours), std::move(launch)};
}

Result<Services::Started> Services::start_egress(std::function<void(std::string)> ended) {
  return start(programs_.egress, egress_plan(identity_), std::move(ended));
}

Result<UniqueFd> Services::trust_store() const {
  UniqueFd file(::open(kTrustStore, O_RDONLY | O_CLOEXEC));
  if (!file) {
    auto error = failed(std::string("open the trust store ") + kTrustStore);
    return std::unexpected(std::move(error).error().advising("install the package ca-certificates"));
  }
  return file;
}

void Services::dial(wire::Dial ask, Connected connected) {
  ask.number = next_number_++;
  if (!dialer_) {
    if (auto started = start_dialer(); !started)
      return connected({ask.number, "the dialer cannot be started: " + started.error().text(), {}},
                       UniqueFd());
  }
  dialing_[ask.number] = std::move(connected);
  if (auto sent = dialer_.send(wire::frame(ask)); !sent) dialer_lost(sent.error().text());
}

Result<> Services::start_dialer() {
  Started started = TRY(start(programs_.dial, dialer_plan(identity_), [this](std::string why) {
    // Not from within the link's own callback: losing the dialer destroys the link.
    loop_.soon([this, why = std::move(why)] { dialer_lost(why); });
  }));
  dialer_ = std::move(started.control);
  dialer_launch_ = std::move(started.launch);
  dialer_watch_ = loop_.on_readable(dialer_.fd(), [this] { hear_dialer(); });
  return {};
}

void Services::hear_dialer() {
  auto packet = dialer_.receive();
  if (!packet || !packet->has_value()) return dialer_lost("the dialer is gone");
  auto answer = wire::unframe<wire::Dialed>((*packet)->bytes);
  if (!answer) return dialer_lost("the dialer's answer makes no sense");
  auto waiting = dialing_.extract(answer->number);
  if (waiting.empty()) return;
  std::vector<UniqueFd>& descriptors = (*packet)->descriptors;
  if (answer->failure.empty() && descriptors.size() != 1) answer->failure = "the dialer sent no socket";
  waiting.mapped()(*std::move(answer), descriptors.empty() ? UniqueFd() : std::move(descriptors.front()));
}

// The next dial starts a new one.
void Services::dialer_lost(const std::string& why) {
  dialer_watch_.reset();
  dialer_ = Channel();
  dialer_launch_.reset();
  auto dialing = std::exchange(dialing_, {});
  for (auto& [number, connected] : dialing) connected({number, why, {}}, UniqueFd());
}

}  // namespace pawl::broker
