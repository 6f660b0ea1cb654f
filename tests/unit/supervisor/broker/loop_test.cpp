// The loop: callbacks come while their handles live, and never afterwards.
#include "supervisor/broker/loop.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

#include "sandbox/base/channel.hpp"

using namespace pawl;
using broker::Loop;
using std::chrono::milliseconds;

TEST_CASE("a readable descriptor calls back until its handle is gone, also from within") {
  Loop loop;
  auto ends = Channel::pair();
  REQUIRE(ends);
  int calls = 0;
  std::unique_ptr<Loop::Handle> watch;
  watch = loop.on_readable(ends->second.fd(), [&] {
    REQUIRE(ends->second.receive());
    if (++calls == 2) watch.reset();
  });
  for (int i = 0; i < 3; ++i) REQUIRE(ends->first.send(Bytes{1}));
  auto end = loop.after(milliseconds(100), [&] { loop.stop(); });
  loop.run();
  CHECK(calls == 2);
  CHECK(::write(ends->second.fd(), "x", 1) == 1);  // the descriptor is still its owner's
}

TEST_CASE("what was about to be told of one descriptor is not told of the next one") {
  Loop loop;
  auto first = Channel::pair();
  auto second = Channel::pair();
  auto silent = Channel::pair();
  REQUIRE((first && second && silent));
  std::unique_ptr<Loop::Handle> watches[2];
  std::unique_ptr<Loop::Handle> next;
  int spoken = 0;
  // Both are readable at once; whoever is called first lets go of the other and watches a third.
  const auto replace = [&](std::size_t other) {
    watches[other].reset();
    if (!next) next = loop.on_readable(silent->second.fd(), [&] { ++spoken; });
  };
  watches[0] = loop.on_readable(first->second.fd(), [&] {
    REQUIRE(first->second.receive());
    replace(1);
  });
  watches[1] = loop.on_readable(second->second.fd(), [&] {
    REQUIRE(second->second.receive());
    replace(0);
  });
  REQUIRE(first->first.send(Bytes{1}));
  REQUIRE(second->first.send(Bytes{1}));
  auto end = loop.after(milliseconds(50), [&] { loop.stop(); });
  loop.run();
  REQUIRE(next);
  CHECK(spoken == 0);
}

TEST_CASE("a timer that was dropped stays silent") {
  Loop loop;
  bool rang = false;
  auto timer = loop.after(milliseconds(1), [&] { rang = true; });
  auto end = loop.after(milliseconds(30), [&] { loop.stop(); });
  timer.reset();
  loop.run();
  CHECK_FALSE(rang);
}

TEST_CASE("soon runs after the running callback has returned") {
  Loop loop;
  std::string order;
  loop.soon([&] {
    loop.soon([&] {
      order += "b";
      loop.stop();
    });
    order += "a";
  });
  loop.run();
  CHECK(order == "ab");
}
