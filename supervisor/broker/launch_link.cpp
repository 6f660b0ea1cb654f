#include "supervisor/broker/launch_link.hpp"

#include <fcntl.h>
#include <string.h>

#include "sandbox/base/codec.hpp"
#include "sandbox/base/discard.hpp"

namespace pawl::broker {

LaunchLink::LaunchLink(Loop& loop, Channel channel, Heard heard)
    : channel_(std::move(channel)), heard_(std::move(heard)) {
  watch_ = loop.on_readable(channel_.fd(), [this] { read(); });
}

LaunchLink::~LaunchLink() {
  watch_.reset();
  discard(std::move(channel_).release());  // a session's launcher is the person's
}

Result<> LaunchLink::start(Bytes plan, std::span<const int> descriptors) const {
  sandbox::Command command{.kind = sandbox::CommandKind::start, .plan = std::move(plan)};
  Bytes message = codec::encode(command);
  const auto sent = channel_.send(message, descriptors);
  // SAFETY: an action's plan carries secrets in its environment.
  ::explicit_bzero(message.data(), message.size());
  ::explicit_bzero(command.plan.data(), command.plan.size());
  return sent;
}

void LaunchLink::kill() const {
  // An error means that it is gone already.
  (void)channel_.send(codec::encode(sandbox::Command{.kind = sandbox::CommandKind::kill}));
}

void LaunchLink::read() {
  auto packet = channel_.receive();
  if (!packet && packet.error().errnum == EAGAIN) return;
  const Heard heard = heard_;  // outlives `this` when the callee destroys the link
  if (packet && packet->has_value()) {
    const auto report = codec::decode<sandbox::Report>((*packet)->bytes);
    if (report) {
      if (report->kind != sandbox::ReportKind::launched) discard(std::move((*packet)->descriptors));
      return heard(&*report, std::move((*packet)->descriptors));
    }
    discard(std::move((*packet)->descriptors));
  }
  watch_.reset();
  heard(nullptr, {});
}

}  // namespace pawl::broker
