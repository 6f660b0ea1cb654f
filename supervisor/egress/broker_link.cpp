#include "supervisor/egress/broker_link.hpp"

#include <boost/asio/co_spawn.hpp>

#include "supervisor/wire/frame.hpp"

namespace pawl::egress {
namespace {

constexpr std::size_t kMaxUnsent = 4096;  // messages

}  // namespace

struct BrokerLink::Waiting {
  explicit Waiting(asio::io_context& io) : answered(io) {}
  asio::steady_timer answered;  // cancelled: the answer is there
  std::optional<Result<Grant>> answer;
};

BrokerLink::BrokerLink(asio::io_context& io, Channel channel)
    : io_(io), channel_(std::move(channel)), readiness_(io, channel_.fd()) {
  error_code ignored;
  readiness_.native_non_blocking(true, ignored);
}

BrokerLink::~BrokerLink() { readiness_.release(); }

asio::awaitable<Result<Grant>> BrokerLink::connect(const std::string& route, Duration limit) {
  const std::uint32_t number = ++last_number_;
  const auto waiting = std::make_shared<Waiting>(io_);
  waiting->answered.expires_after(limit);
  waiting_[number] = waiting;
  send(wire::frame(wire::EgressConnect{.number = number, .route = route}));
  co_await waiting->answered.async_wait(kAwait);
  waiting_.erase(number);  // an answer that comes later is dropped, its socket closed, its secret wiped
  if (!waiting->answer) co_return refuse("the broker gave no connection in time");
  co_return std::move(*waiting->answer);
}

void BrokerLink::report(const wire::EgressReport& report) { send(wire::frame(report)); }

asio::awaitable<Result<>> BrokerLink::listen() {
  for (;;) {
    const auto [error] = co_await readiness_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    if (broken_) co_return std::unexpected(*broken_);
    if (error) co_return refuse("waiting for the broker: " + error.message());
    Result<std::optional<Packet>> packet = channel_.receive();
    if (!packet && packet.error().errnum == EAGAIN) continue;
    if (!packet) co_return std::unexpected(std::move(packet).error());
    if (!*packet) co_return Result<>{};
    Result<> taken = take(std::move(**packet));
    if (!taken) co_return taken;
  }
}

Result<> BrokerLink::take(Packet packet) {
  Result<wire::EgressConnected> message = wire::unframe<wire::EgressConnected>(packet.bytes);
  scrub::wipe(packet.bytes);
  if (!message) return std::unexpected(std::move(message).error());
  scrub::Secret secret = scrub::Secret::take(message->secret);
  const auto found = waiting_.find(message->number);
  if (found == waiting_.end()) return {};
  Waiting& waiting = *found->second;
  if (!message->failure.empty()) {
    waiting.answer = refuse(message->failure);
  } else if (packet.descriptors.size() != 1) {
    waiting.answer = refuse("the broker sent no connection");
  } else {
    waiting.answer = Grant{std::move(packet.descriptors.front()), std::move(secret)};
  }
  waiting.answered.cancel();
  return {};
}

void BrokerLink::send(Bytes message) {
  if (unsent_.size() == kMaxUnsent) {
    // Its reports would be lost: the session ends rather than go on unseen.
    if (!broken_) broken_ = Error{0, "the broker does not read", {}};
    readiness_.cancel();
    return;
  }
  unsent_.push_back(std::move(message));
  if (draining_) return;
  draining_ = true;
  asio::co_spawn(io_, drain(), kRethrow);
}

asio::awaitable<void> BrokerLink::drain() {
  while (!unsent_.empty()) {
    const Result<> sent = channel_.send(unsent_.front());
    if (!sent && sent.error().errnum == EAGAIN) {
      const auto [error] = co_await readiness_.async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
      if (error) break;
      continue;
    }
    if (!sent) break;  // listen() hears of it
    unsent_.pop_front();
  }
  draining_ = false;
}

}  // namespace pawl::egress
