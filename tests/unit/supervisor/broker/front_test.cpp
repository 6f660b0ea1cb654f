// Nobody shuts others out at the broker's doors, and nothing is kept for those who have left.
#include "supervisor/broker/front.hpp"

#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "supervisor/broker/waiting.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using namespace pawl::broker;
using std::chrono::milliseconds;

namespace {

// A ledger that is settled when the test says so.
struct Ledger final : Hold {
  bool is_durable = true;
  std::vector<Effect> effects;
  bool durable() const override { return is_durable; }
  void when_durable(Effect effect) override { effects.push_back(std::move(effect)); }
  void settle() {
    is_durable = true;
    for (Effect& effect : std::exchange(effects, {})) effect();
  }
};

struct Doors {
  test::TemporaryDirectory directory;
  Loop loop;
  Admitted admitted = Admitted::stranger;
  Front front;
  std::string people = directory / "people";

  explicit Doors(FrontLimits limits)
      : front(
            loop, [](const ConnectionPtr& connection, Packet) { connection->phase = Phase::working; },
            limits) {
    REQUIRE(front.open_people(people, 0600, [this](const PeerIdentity&) { return admitted; }));
    REQUIRE(
        front.open_agent("a", directory / "a", 0600, [](const PeerIdentity&) { return Admitted::known; }));
    REQUIRE(
        front.open_agent("b", directory / "b", 0600, [](const PeerIdentity&) { return Admitted::known; }));
  }

  void run(milliseconds time) {
    const auto stop = loop.after(time, [this] { loop.stop(); });
    loop.run();
  }
  std::vector<Channel> connect(const std::string& path, std::size_t times) {
    std::vector<Channel> channels;
    for (std::size_t i = 0; i < times; ++i) channels.push_back(Channel::connect(path).value());
    return channels;
  }
};

bool closed(const Channel& channel) {
  pollfd end{channel.fd(), POLLIN, 0};
  return ::poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

std::ptrdiff_t open_ones(const std::vector<Channel>& channels) {
  return std::ranges::count_if(channels, [](const Channel& channel) { return !closed(channel); });
}

}  // namespace

TEST_CASE("strangers at the door leave room for known people") {
  Doors doors({.people = 6, .strangers = 3, .person = 100});
  const auto strangers = doors.connect(doors.people, 10);
  std::vector<Channel> known;
  const auto later = doors.loop.after(milliseconds(30), [&] {
    doors.admitted = Admitted::known;
    known = doors.connect(doors.people, 10);
  });
  doors.run(milliseconds(80));
  CHECK(open_ones(strangers) == 3);
  CHECK(open_ones(known) == 3);
}

TEST_CASE("one uid cannot take the whole door") {
  Doors doors({.people = 100, .strangers = 100, .person = 4});
  const auto many = doors.connect(doors.people, 10);
  doors.run(milliseconds(30));
  CHECK(open_ones(many) == 4);
}

TEST_CASE("agents and people do not take each other's room, nor one session another's") {
  Doors doors({.people = 2, .person = 2, .agents = 10, .agents_of_uid = 10, .session = 3});
  const auto people = doors.connect(doors.people, 5);
  const auto first = doors.connect(doors.directory / "a", 9);
  const auto second = doors.connect(doors.directory / "b", 2);
  doors.run(milliseconds(30));
  CHECK(open_ones(people) == 2);
  CHECK(open_ones(first) == 3);
  CHECK(open_ones(second) == 2);
}

TEST_CASE("who does not greet in time is shown the door, who did stays") {
  Doors doors({.greeting = milliseconds(50)});
  const auto two = doors.connect(doors.people, 2);
  REQUIRE(two[0].send(Bytes{1}));
  doors.run(milliseconds(200));
  CHECK_FALSE(closed(two[0]));
  CHECK(closed(two[1]));
}

TEST_CASE("a waiter goes with its connection") {
  Loop loop;
  Waiting waiting(loop);
  auto ends = Channel::pair();
  REQUIRE(ends);
  auto connection =
      std::make_shared<Connection>(std::move(ends->first), Peer::agent, PeerIdentity{}, std::string("a"));
  waiting.wait(connection, milliseconds(60'000), [](Connection&) { return false; }, [](Connection&) {});
  CHECK(waiting.size() == 1);
  waiting.changed();
  CHECK(waiting.size() == 1);
  connection->close();
  CHECK(waiting.size() == 0);
  waiting.changed();
}

TEST_CASE("a waiter whose answer closes its connection is gone once") {
  Loop loop;
  Waiting waiting(loop);
  auto ends = Channel::pair();
  REQUIRE(ends);
  auto connection =
      std::make_shared<Connection>(std::move(ends->first), Peer::agent, PeerIdentity{}, std::string("a"));
  bool ready = false;
  waiting.wait(
      connection, milliseconds(60'000),
      [&ready](Connection& waiter) {
        if (ready) waiter.close();
        return ready;
      },
      [](Connection&) {});
  ready = true;
  waiting.changed();
  CHECK(waiting.size() == 0);
}

TEST_CASE("an answer leaves only when the ledger has what it rests on, with its descriptors") {
  test::TemporaryDirectory directory;
  Loop loop;
  Ledger ledger;
  enum class Then : std::uint8_t { stay, close } then = GENERATE(Then::stay, Then::close);
  ConnectionPtr kept;
  Front front(
      loop,
      [&](const ConnectionPtr& connection, Packet) {
        kept = connection;
        connection->phase = Phase::working;
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        const UniqueFd read(ends[0]), write(ends[1]);
        connection->answer(wire::Done{}, {{ends[0]}});
        if (then == Then::close) connection->close_after_answer();
      },
      {}, &ledger);
  REQUIRE(front.open_people(directory / "people", 0600, [](const PeerIdentity&) { return Admitted::known; }));
  const Channel channel = Channel::connect(directory / "people").value();
  const auto readable = [&] {
    pollfd end{channel.fd(), POLLIN, 0};
    return ::poll(&end, 1, 0) == 1 && (end.revents & POLLIN) != 0;
  };
  ledger.is_durable = false;
  REQUIRE(channel.send(wire::frame(wire::Done{})));
  enum class Ending : std::uint8_t { settled, failed, asked_again };
  const Ending ending = GENERATE(Ending::settled, Ending::failed, Ending::asked_again);
  const auto first = loop.after(milliseconds(50), [&] {
    CHECK(ledger.effects.size() == 1);
    CHECK_FALSE(readable());
    CHECK_FALSE(closed(channel));
    if (ending == Ending::settled) ledger.settle();
    if (ending == Ending::failed) ledger.effects.clear();
    if (ending == Ending::asked_again) REQUIRE(channel.send(wire::frame(wire::Done{})));
  });
  const auto second = loop.after(milliseconds(100), [&] { loop.stop(); });
  loop.run();
  if (ending == Ending::settled) {
    REQUIRE(readable());
    auto packet = channel.receive().value().value();
    CHECK(packet.bytes == wire::frame(wire::Done{}));
    CHECK(packet.descriptors.size() == 1);
    CHECK(closed(channel) == (then == Then::close));
    CHECK(front.connections() == (then == Then::close ? 0 : 1));
  }
  if (ending == Ending::failed) CHECK_FALSE(readable());
  if (ending == Ending::asked_again) {
    // The end comes at once, and the answer never.
    CHECK(closed(channel));
    CHECK(front.connections() == 0);
    ledger.settle();
    CHECK(kept->closed());
  }
}
