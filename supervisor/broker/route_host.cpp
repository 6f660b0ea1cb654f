#include "supervisor/broker/route_host.hpp"

#include <string.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/refuse_connections.hpp"
#include "supervisor/broker/books.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kLongestPause{5000};  // between two starts of an egress that keeps dying
constexpr std::chrono::milliseconds kBreather{200};       // for an egress that says too much
constexpr std::chrono::milliseconds kLastWords{1000};     // between its channel's end and its own
constexpr std::size_t kMaxInFlight = 256;  // pawl-egress serves no more connections than that at a time

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

void RouteHost::begin() {
  retry_.reset();
  if (auto started = start(); !started) lost("pawl-egress cannot be started: " + started.error().text());
}

Result<> RouteHost::start() {
  UniqueFd trust;
  if (std::ranges::find(routes_, "https", &wire::Route::scheme) != routes_.end())
    trust = TRY(services_.trust_store());
  const std::weak_ptr<RouteHost*> weak = self_;
  const std::uint64_t life = ++life_;
  Services::Started started = TRY(services_.start_egress([&loop = loop_, weak, life](std::string why) {
    loop.soon([weak, life, why = std::move(why)] {
      if (const auto self = weak.lock(); self && (*self)->life_ == life) (*self)->lost(why);
    });
  }));
  control_ = std::move(started.control);
  launch_ = std::move(started.launch);
  std::vector<int> descriptors;
  for (const UniqueFd& listener : listeners_) descriptors.push_back(listener.get());
  if (trust) descriptors.push_back(trust.get());
  TRY(control_.send(wire::frame(wire::EgressSetup{session_, routes_}), descriptors));
  turning_away_.clear();
  listen();
  return {};
}

void RouteHost::listen() {
  watch_ = loop_.on_readable(control_.fd(), [this] { hear(); });
}

void RouteHost::hear() {
  if (!messages_.admits(boot_clock())) {
    watch_.reset();
    breather_ = loop_.after(kBreather, [this] {
      breather_.reset();
      listen();
    });
    return;
  }
  auto packet = control_.receive();
  if (!packet && packet.error().errnum == EAGAIN) return;
  if (!packet) return lost("pawl-egress: " + packet.error().text());
  if (!packet->has_value()) {
    // Its launcher tells how it ended, soon after.
    watch_.reset();
    breather_ = loop_.after(kLastWords, [this] { lost("pawl-egress closed its channel"); });
    return;
  }
  pause_ = std::chrono::milliseconds(50);
  take((*packet)->bytes);
}

void RouteHost::take(ByteSpan message) {
  if (const auto report = wire::unframe<wire::EgressReport>(message)) return authority_.report(*report);
  const auto ask = wire::unframe<wire::EgressConnect>(message);
  if (!ask) return lost("pawl-egress sent a message that makes no sense");
  connect(*ask);
}

void RouteHost::connect(const wire::EgressConnect& ask) {
  if (in_flight_ >= kMaxInFlight)
    return answer({ask.number, "too many connections of this session are being made", {}}, UniqueFd());
  ++in_flight_;
  const std::weak_ptr<RouteHost*> weak = self_;
  authority_.connect(
      ask.route, [weak, life = life_, number = ask.number](wire::EgressConnected message, UniqueFd socket) {
        const auto self = weak.lock();
        if (!self || (*self)->life_ != life || !(*self)->control_)
          return ::explicit_bzero(message.secret.data(), message.secret.size());
        --(*self)->in_flight_;
        message.number = number;
        (*self)->answer(std::move(message), std::move(socket));
      });
}

void RouteHost::answer(wire::EgressConnected message, UniqueFd socket) {
  unsent_.push_back({std::move(message), std::move(socket)});
  if (unsent_.size() == 1) send_answers();
}

// While an egress does not read its answers it is not heard either.
void RouteHost::send_answers() {
  while (!unsent_.empty()) {
    Answer& next = unsent_.front();
    const int descriptors[] = {next.socket.get()};
    Bytes frame = wire::frame(next.message);
    const auto sent = control_.send(frame, std::span<const int>(descriptors, next.socket ? 1 : 0));
    ::explicit_bzero(frame.data(), frame.size());
    if (!sent && sent.error().errnum == EAGAIN) {
      breather_.reset();
      full_ = true;
      watch_ = loop_.on_writable(control_.fd(), [this] { send_answers(); });
      return;
    }
    ::explicit_bzero(next.message.secret.data(), next.message.secret.size());
    unsent_.pop_front();
    // Its launcher tells when it is gone; one that could not be answered must not be left waiting.
    if (!sent && sent.error().errnum == EPIPE) return;
    if (!sent) return lost("pawl-egress cannot be answered: " + sent.error().text());
  }
  if (std::exchange(full_, false)) listen();
}

void RouteHost::lost(const std::string& why) {
  if (retry_) return;
  authority_.trouble(why);
  breather_.reset();
  watch_.reset();
  control_ = Channel();
  launch_.reset();
  for (Answer& answer : unsent_) ::explicit_bzero(answer.message.secret.data(), answer.message.secret.size());
  unsent_.clear();
  in_flight_ = 0;
  full_ = false;
  ++life_;
  turning_away_.clear();
  for (const UniqueFd& listener : listeners_)
    turning_away_.push_back(
        loop_.on_readable(listener.get(), [fd = listener.get()] { sandbox::refuse_connections(fd); }));
  retry_ = loop_.after(pause_, [this] { begin(); });
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace pawl::broker
