// At most so much a minute.
#include "supervisor/broker/rate.hpp"

#include <catch2/catch.hpp>

using pawl::broker::Rate;

TEST_CASE("a rate admits its amount and then nothing until the minute is over") {
  Rate rate(3);
  CHECK(rate.admits(0, 2));
  CHECK_FALSE(rate.admits(1000, 2));
  CHECK(rate.admits(2000));
  CHECK_FALSE(rate.admits(59'999));
  CHECK(rate.admits(60'000, 3));
}

TEST_CASE("an amount beyond the whole is never admitted") {
  Rate rate(10);
  CHECK_FALSE(rate.admits(0, UINT64_MAX));
  CHECK(rate.admits(0, 10));
}
