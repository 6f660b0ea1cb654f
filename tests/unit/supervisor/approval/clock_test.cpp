#include "supervisor/approval/clock.hpp"

#include <catch2/catch.hpp>

using pawl::approval::ClockLook;
using pawl::approval::ClockWatch;

TEST_CASE("a clock that runs is steady, also when it is corrected a little or set forward") {
  ClockWatch watch(1'000'000);
  CHECK(watch.look({1'000'000, 50}) == ClockLook::steady);
  CHECK(watch.look({1'060'000, 60'050}) == ClockLook::steady);
  CHECK(watch.look({1'059'000, 60'150}) == ClockLook::steady);
  CHECK(watch.look({9'000'000, 60'250}) == ClockLook::steady);
}

TEST_CASE("a clock set back is noticed, once") {
  ClockWatch watch(0);
  CHECK(watch.look({1'000'000, 50}) == ClockLook::steady);
  CHECK(watch.look({900'000, 100}) == ClockLook::went_back);
  CHECK(watch.look({900'100, 200}) == ClockLook::steady);
}

TEST_CASE("a clock set back is noticed even after longer time has passed than it was set back") {
  ClockWatch watch(0);
  CHECK(watch.look({1'000'000, 0}) == ClockLook::steady);
  CHECK(watch.look({1'000'500, 600'000}) == ClockLook::went_back);
}

TEST_CASE("a clock that stands before the last thing on record went back while nobody looked") {
  CHECK(ClockWatch(1'000'000).look({900'000, 50}) == ClockLook::went_back);
  CHECK(ClockWatch(1'000'000).look({999'000, 50}) == ClockLook::steady);
}
