#include "tests/unit/supervisor/egress/rig.hpp"

#include <sys/mman.h>

#include <chrono>
#include <stdexcept>

#include "supervisor/egress/session.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::test {
namespace {

using namespace std::chrono_literals;

UniqueFd memory_file(const std::string& text) {
  UniqueFd file(::memfd_create("trust-store", MFD_CLOEXEC));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("memfd");
  return file;
}

}  // namespace

wire::Route plain_route(std::uint16_t port) {
  return {.name = "anthropic",
          .scheme = "http",
          .host = "127.0.0.1",
          .port = port,
          .base_path = "",
          .header = "x-api-key",
          .format = "{secret}"};
}

wire::Route tls_route(const std::string& host) {
  wire::Route route = plain_route(443);
  route.scheme = "https";
  route.host = host;
  return route;
}

Rig::Rig(Options options) : options_(std::move(options)) {
  auto [ours, theirs] = Channel::pair().value();
  session_thread_ = std::thread([this, control = std::move(theirs)]() mutable {
    ended_ = egress::serve_session(std::move(control), options_.limits);
  });
  start_broker(std::move(ours));
}

Rig::Rig(Options options, const Program& program) : options_(std::move(options)) {
  auto [ours, theirs] = Channel::pair().value();
  program_ = start(program, theirs.fd());
  start_broker(std::move(ours));
}

Rig::~Rig() { (void)lose_broker(); }

void Rig::start_broker(Channel channel) {
  broker_ = std::move(channel);
  std::tie(listener_, port_) = listen_on_loopback();
  const UniqueFd store = memory_file(options_.trust_store);
  const int descriptors[] = {listener_.get(), store.get()};
  (void)broker_.send(wire::frame(wire::EgressSetup{.session = "s", .routes = {options_.route}}),
                     std::span<const int>(descriptors, options_.route.scheme == "https" ? 2 : 1));
  broker_thread_ = std::thread([this] { answer_all(); });
}

void Rig::answer_all() {
  while (!over_) {
    const auto packet = broker_.receive_within(20ms);
    if (!packet && packet.error().errnum == ETIMEDOUT) continue;
    if (!packet || !*packet) return;
    if (const auto ask = wire::unframe<wire::EgressConnect>((*packet)->bytes)) answer(*ask);
    if (const auto report = wire::unframe<wire::EgressReport>((*packet)->bytes)) {
      const std::lock_guard lock(mutex_);
      reports_.push_back(*report);
    }
  }
}

void Rig::answer(const wire::EgressConnect& ask) {
  const Verdict verdict = options_.verdict();
  wire::EgressConnected connected{.number = ask.number, .failure = verdict.failure, .secret = {}};
  if (!verdict.failure.empty()) {
    (void)broker_.send(wire::frame(connected));
    return;
  }
  connected.secret = verdict.secret;
  const UniqueFd socket = connect_to_loopback(verdict.port);
  const int descriptors[] = {socket.get()};
  (void)broker_.send(wire::frame(connected), descriptors);
}

Peer Rig::agent() const { return Peer(connect_to_loopback(port_)); }

std::string Rig::ask(std::string_view request) const {
  Peer peer = agent();
  peer.write(request);
  return peer.read_to_end();
}

Result<> Rig::lose_broker() {
  over_ = true;
  if (broker_thread_.joinable()) broker_thread_.join();
  broker_ = Channel();
  if (session_thread_.joinable()) session_thread_.join();
  if (program_ > 0) ended_ = end_of(std::exchange(program_, -1));
  return ended_;
}

std::vector<wire::EgressReport> Rig::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

std::vector<wire::EgressReport> Rig::reports(std::size_t count) const {
  for (int i = 0; i < 500 && reports().size() < count; ++i) std::this_thread::sleep_for(10ms);
  return reports();
}

}  // namespace pawl::test
