#include "supervisor/broker/services.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/broker/resolver_files.hpp"
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
  const auto show = [&](const char* path, Presence presence) {
    plan.mounts.push_back({.kind = MountKind::read_only,
                           .target = path,
                           .source = path,
                           .presence = presence,
                           .origin = sandbox::Origin::pawls_own});
  };
  show("/usr", Presence::required);
  show("/etc/ld.so.cache", Presence::if_present);
  for (const char* path : kResolverFiles) show(path, Presence::if_present);
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
  // SAFETY: a helper that does not read must not hold up the broker.
  if (::fcntl(ours.fd(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) return failed("make a channel non-blocking");
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
  if (dialer_ && dialer_->resolver != resolver_state()) retire_dialer();
  if (!dialer_) {
    if (auto started = start_dialer(); !started)
      return connected({ask.number, "the dialer cannot be started: " + started.error().text(), {}},
                       UniqueFd());
  }
  Dialer& dialer = *dialer_;
  if (auto sent = dialer.control.send(wire::frame(ask)); !sent) {
    // Full is not lost: what it has been asked already goes on.
    if (sent.error().errnum == EAGAIN)
      return connected({ask.number, "too many dials are waiting", {}}, UniqueFd());
    dialer_lost(dialer.number, sent.error().text());
    return connected({ask.number, "the dialer is gone", {}}, UniqueFd());
  }
  dialer.dialing[ask.number] = std::move(connected);
}

Result<> Services::start_dialer() {
  auto dialer = std::make_unique<Dialer>();
  const std::uint32_t number = dialer->number = next_number_++;
  dialer->resolver = resolver_state();
  Started started = TRY(start(programs_.dial, dialer_plan(identity_), [this, number](std::string why) {
    // Not from within the link's own callback: losing the dialer destroys the link.
    loop_.soon([this, number, why = std::move(why)] { dialer_lost(number, why); });
  }));
  dialer->control = std::move(started.control);
  dialer->launch = std::move(started.launch);
  dialer->watch = loop_.on_readable(dialer->control.fd(), [this, number] { hear_dialer(number); });
  dialer_ = std::move(dialer);
  return {};
}

// It finishes what it was asked.
void Services::retire_dialer() {
  if (!dialer_->dialing.empty()) retired_.push_back(std::move(dialer_));
  dialer_.reset();
}

Services::Dialer* Services::find_dialer(std::uint32_t number) {
  if (dialer_ && dialer_->number == number) return dialer_.get();
  const auto found =
      std::ranges::find_if(retired_, [&](const auto& dialer) { return dialer->number == number; });
  return found == retired_.end() ? nullptr : found->get();
}

std::unique_ptr<Services::Dialer> Services::take_dialer(std::uint32_t number) {
  if (dialer_ && dialer_->number == number) return std::move(dialer_);
  const auto found =
      std::ranges::find_if(retired_, [&](const auto& dialer) { return dialer->number == number; });
  if (found == retired_.end()) return nullptr;
  auto dialer = std::move(*found);
  retired_.erase(found);
  return dialer;
}

void Services::hear_dialer(std::uint32_t number) {
  Dialer* const dialer = find_dialer(number);
  if (dialer == nullptr) return;
  auto packet = dialer->control.receive();
  if (!packet && packet.error().errnum == EAGAIN) return;
  if (!packet || !packet->has_value()) return dialer_lost(number, "the dialer is gone");
  auto answer = wire::unframe<wire::Dialed>((*packet)->bytes);
  if (!answer) return dialer_lost(number, "the dialer's answer makes no sense");
  auto waiting = dialer->dialing.extract(answer->number);
  if (dialer != dialer_.get() && dialer->dialing.empty()) (void)take_dialer(number);
  if (waiting.empty()) return;
  std::vector<UniqueFd>& descriptors = (*packet)->descriptors;
  if (answer->failure.empty() && descriptors.size() != 1) answer->failure = "the dialer sent no socket";
  waiting.mapped()(*std::move(answer), descriptors.empty() ? UniqueFd() : std::move(descriptors.front()));
}

// The next dial starts a new one.
void Services::dialer_lost(std::uint32_t number, const std::string& why) {
  const auto dialer = take_dialer(number);
  if (!dialer) return;
  for (auto& [ask, connected] : dialer->dialing) connected({ask, why, {}}, UniqueFd());
}

}  // namespace pawl::broker
