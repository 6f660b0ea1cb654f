#include "supervisor/broker/route_host.hpp"

#include <string.h>

#include "supervisor/wire/frame.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kLongestPause{5000};  // between two starts of an egress that keeps dying

}  // namespace

RouteHost::RouteHost(Loop& loop, Services& services, std::string session, std::vector<wire::Route> routes,
                     std::vector<UniqueFd> listeners, Authority authority)
    : loop_(loop),
      services_(services),
      session_(std::move(session)),
      routes_(std::move(routes)),
      listeners_(std::move(listeners)),
      authority_(std::move(authority)),
      self_(std::make_shared<RouteHost*>(this)) {
  begin();
}

// Connections wait in the listeners' backlog while there is no egress: nothing passes by it.
void RouteHost::begin() {
  retry_.reset();
  if (auto started = start(); !started) lost(started.error().text());
}

Result<> RouteHost::start() {
  const UniqueFd trust = TRY(services_.trust_store());
  const std::weak_ptr<RouteHost*> weak = self_;
  Services::Started started = TRY(services_.start_egress([&loop = loop_, weak](std::string why) {
    loop.soon([weak, why = std::move(why)] {
      if (const auto self = weak.lock()) (*self)->lost(why);
    });
  }));
  control_ = std::move(started.control);
  launch_ = std::move(started.launch);
  std::vector<int> descriptors;
  for (const UniqueFd& listener : listeners_) descriptors.push_back(listener.get());
  descriptors.push_back(trust.get());
  TRY(control_.send(wire::frame(wire::EgressSetup{session_, routes_}), descriptors));
  watch_ = loop_.on_readable(control_.fd(), [this] { hear(); });
  return {};
}

void RouteHost::hear() {
  auto packet = control_.receive();
  if (!packet || !packet->has_value()) return lost("egress is gone");
  pause_ = std::chrono::milliseconds(50);
  const ByteSpan bytes = (*packet)->bytes;
  if (const auto report = wire::unframe<wire::EgressReport>(bytes)) return authority_.report(*report);
  const auto ask = wire::unframe<wire::EgressConnect>(bytes);
  if (!ask) return lost("egress makes no sense");
  const std::weak_ptr<RouteHost*> weak = self_;
  authority_.connect(ask->route, [weak, number = ask->number](wire::EgressConnected answer, UniqueFd socket) {
    const auto self = weak.lock();
    if (!self || !(*self)->control_) return;
    answer.number = number;
    const int descriptors[] = {socket.get()};
    const bool connected = answer.failure.empty();
    Bytes frame = wire::frame(answer);
    // An error means that this egress is gone: its end is reported by itself.
    (void)(*self)->control_.send(frame, std::span<const int>(descriptors, connected ? 1 : 0));
    ::explicit_bzero(frame.data(), frame.size());
    ::explicit_bzero(answer.secret.data(), answer.secret.size());
  });
}

void RouteHost::lost(const std::string&) {
  if (retry_) return;
  watch_.reset();
  control_ = Channel();
  launch_.reset();
  retry_ = loop_.after(pause_, [this] { begin(); });
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace pawl::broker
