#include "supervisor/egress/dialer.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/service_messages.hpp"
#include "tests/unit/supervisor/egress/test_server.hpp"

using namespace pawl;
using namespace pawl::test;
using namespace std::chrono_literals;

namespace {

// Names of this test's own, and how long they take.
Result<std::vector<egress::Address>> resolve(const std::string& name) {
  if (name == "slow.test") std::this_thread::sleep_for(700ms);
  if (name == "unknown.test") return refuse(name + " does not resolve");
  if (name == "private.test") return std::vector{*egress::parse_address("10.1.2.3")};
  if (name == "metadata.test") return std::vector{*egress::parse_address("169.254.169.254")};
  if (name == "two.test")
    return std::vector{*egress::parse_address("127.0.0.3"), *egress::parse_address("127.0.0.1")};
  return std::vector{*egress::parse_address("127.0.0.1")};
}

struct Answer {
  wire::Dialed message;
  std::size_t descriptors = 0;
};

class Dialling {
 public:
  explicit Dialling(egress::DialerSettings settings = {}) {
    auto [ours, theirs] = Channel::pair().value();
    channel_ = std::move(ours);
    settings.resolve = resolve;
    thread_ = std::thread([this, control = std::move(theirs), settings]() mutable {
      ended_ = egress::serve_dialer(std::move(control), settings);
    });
  }
  ~Dialling() { (void)end(); }

  Result<> end() {
    channel_ = Channel();
    if (thread_.joinable()) thread_.join();
    return ended_;
  }
  void ask(std::uint32_t number, std::string host, std::uint16_t port, std::vector<std::string> listed = {}) {
    REQUIRE(channel_.send(wire::frame(wire::Dial{number, std::move(host), port, std::move(listed)})));
  }
  Answer next() {
    const auto packet = channel_.receive_within(5s);
    REQUIRE(packet);
    REQUIRE(*packet);
    return {wire::unframe<wire::Dialed>((*packet)->bytes).value(), (*packet)->descriptors.size()};
  }

 private:
  Channel channel_;
  std::thread thread_;
  Result<> ended_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a listed loopback address is dialled, by name and by itself", "[egress][dialer]") {
  const Server server([](Peer& peer) { peer.write("hello"); });
  Dialling dialling;
  for (const char* host : {"home.test", "127.0.0.1"}) {
    dialling.ask(7, host, server.port(), {"127.0.0.1"});
    const Answer answer = dialling.next();
    CHECK(answer.message.number == 7);
    CHECK(answer.message.failure.empty());
    CHECK(answer.message.address == "127.0.0.1");
    CHECK(answer.descriptors == 1);
  }
}

TEST_CASE("what the policy does not list is refused, and no socket is made", "[egress][dialer]") {
  const Server server([](Peer&) {});
  Dialling dialling;
  const auto failure = [&](const char* host, std::vector<std::string> listed = {}) {
    dialling.ask(1, host, server.port(), std::move(listed));
    const Answer answer = dialling.next();
    CHECK(answer.descriptors == 0);
    return answer.message.failure;
  };
  CHECK(failure("home.test") ==
        "home.test resolves to the loopback address 127.0.0.1, which the policy does not list");
  CHECK(failure("private.test", {"10.1.2.4"}) ==
        "private.test resolves to the private address 10.1.2.3, which the policy does not list");
  CHECK(has(failure("metadata.test"), "cloud metadata address 169.254.169.254"));
  CHECK(has(failure("8.8.8.8"), "only where the policy lists it"));
  CHECK(has(failure("127.1", {"127.0.0.1"}), "neither a DNS name nor a plain address"));
  CHECK(has(failure("unknown.test"), "does not resolve"));
  CHECK(has(failure("home.test", {"127.0.0.0/8"}), "is not an address"));
  CHECK(server.connections() == 0);
}

TEST_CASE("the next address is tried when one fails, and the last failure is told", "[egress][dialer]") {
  const Server server([](Peer&) {});
  Dialling dialling;
  dialling.ask(1, "two.test", server.port(), {"127.0.0.3", "127.0.0.1"});
  CHECK(dialling.next().message.address == "127.0.0.1");
  std::uint16_t closed_port = 0;
  {
    closed_port = listen_on_loopback().second;
  }
  dialling.ask(2, "home.test", closed_port, {"127.0.0.1"});
  const std::string failure = dialling.next().message.failure;
  CHECK(has(failure, "no connection to home.test: 127.0.0.1 port "));
  CHECK(has(failure, "Connection refused"));
}

TEST_CASE("a slow resolver holds up nobody else", "[egress][dialer]") {
  const Server server([](Peer&) {});
  Dialling dialling;
  dialling.ask(1, "slow.test", server.port(), {"127.0.0.1"});
  dialling.ask(2, "home.test", server.port(), {"127.0.0.1"});
  CHECK(dialling.next().message.number == 2);
  CHECK(dialling.next().message.number == 1);
}

TEST_CASE("more dials than there is room for are refused at once", "[egress][dialer]") {
  const Server server([](Peer&) {});
  egress::DialerSettings settings;
  settings.crew = 1;
  settings.queue = 1;
  Dialling dialling(settings);
  dialling.ask(1, "slow.test", server.port(), {"127.0.0.1"});
  std::this_thread::sleep_for(50ms);  // now the crew is busy
  dialling.ask(2, "home.test", server.port(), {"127.0.0.1"});
  dialling.ask(3, "home.test", server.port(), {"127.0.0.1"});
  const Answer refused = dialling.next();
  CHECK(refused.message.number == 3);
  CHECK(refused.message.failure == "too many dials are waiting");
  CHECK(dialling.next().message.number == 1);
  CHECK(dialling.next().message.failure.empty());
}

TEST_CASE("when pawld goes or talks nonsense, the dialer ends", "[egress][dialer]") {
  Dialling dialling;
  CHECK(dialling.end());
  auto [ours, theirs] = Channel::pair().value();
  REQUIRE(ours.send(Bytes{0, 101, 1}));
  CHECK_FALSE(egress::serve_dialer(std::move(theirs), {}));
}
