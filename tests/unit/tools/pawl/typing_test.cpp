#include "tools/pawl/typing.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using pawl::run::Typing;

namespace {

const Typing::Clock::time_point kNow{1h};

bool goes_on(std::string_view keys, std::chrono::milliseconds later = 100ms) {
  Typing typing;
  typing.see(keys, kNow);
  return typing.goes_on(kNow + later);
}

bool stops(std::string_view keys, std::chrono::milliseconds later = 100ms) {
  Typing typing;
  typing.see(keys, kNow);
  const bool stopped = typing.take_stop(kNow + later);
  CHECK_FALSE(typing.take_stop(kNow + later));  // it is told once
  return stopped;
}

}  // namespace

TEST_CASE("whoever has begun a line a moment ago is about to type the rest of it") {
  CHECK(goes_on("r"));
  CHECK(goes_on("one\rtwo"));
  CHECK_FALSE(goes_on("r", 2s));
  for (const std::string_view whole : {"rm\r", "rm\n", "r\x03", "\x04", "\x1a"}) CHECK_FALSE(goes_on(whole));
  CHECK_FALSE(Typing().goes_on(kNow));
  Typing typing;
  typing.see("r", kNow);
  typing.see("m\r", kNow);
  CHECK_FALSE(typing.goes_on(kNow));
  typing.see("", kNow);  // keys that were not passed on
  CHECK_FALSE(typing.goes_on(kNow));
}

TEST_CASE("Ctrl-Z is known in every spelling, and forgotten in time") {
  for (const std::string_view key : {"\x1a", "abc\x1a", "\x1b[122;5u", "\x1b[122;5:1u", "\x1b[27;5;122~"})
    CHECK(stops(key));
  for (const std::string_view other : {"z", "\x1b[122u", "\x1b[122;2u", "\x03"}) CHECK_FALSE(stops(other));
  CHECK_FALSE(stops("\x1a", 10s));
  CHECK_FALSE(Typing().take_stop(Typing::Clock::time_point{}));
}
