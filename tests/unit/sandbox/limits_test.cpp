#include "sandbox/limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sandbox/rlimits.hpp"

namespace pawl::sandbox {
namespace {

constexpr Limits kAll{.memory = std::uint64_t{4} << 30, .processes = 512, .cpus = 250, .io_weight = 50};

TEST_CASE("limits are told as a policy writes them") {
  CHECK(size_text(std::uint64_t{4} << 30) == "4 GiB");
  CHECK(size_text((std::uint64_t{4} << 30) + 1024) == "4194305 KiB");
  CHECK(size_text(1000) == "1000 B");
  CHECK(hundredths_text(200) == "2");
  CHECK(hundredths_text(250) == "2.5");
  CHECK(hundredths_text(205) == "2.05");
  CHECK(hundredths_text(1) == "0.01");
}

TEST_CASE("a report says what holds and what does not, and why") {
  const auto whole = report_limits(kAll, {}, {});
  CHECK(whole.in_force == "memory 4 GiB, cpus 2.5, io 50, processes 512");
  CHECK(whole.not_enforced.empty());
  const auto part = report_limits(kAll, {Controller::cpu, Controller::io}, {0, "no such thing", "get one"});
  CHECK(part.in_force == "memory 4 GiB, processes 512");
  CHECK(part.not_enforced == "cpus, io: no such thing (get one)");
  const auto none = report_limits({}, {}, {});
  CHECK(none.in_force.empty());
  CHECK(none.not_enforced.empty());
}

TEST_CASE("only what is limited needs a controller, and the number of processes needs none") {
  CHECK(controllers_for(kAll) == std::vector{Controller::memory, Controller::cpu, Controller::io});
  CHECK(controllers_for({.processes = 512}).empty());
  CHECK(controllers_for({.cpus = 100}) == std::vector{Controller::cpu});
}

TEST_CASE("resource limits are never above the caller's own, and never on address space") {
  const auto limits = resource_limits({.processes = 512}, 1024);
  REQUIRE(limits);
  for (const ResourceLimit& limit : *limits) {
    rlimit own{};
    REQUIRE(::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &own) == 0);
    CHECK(limit.value.rlim_max <= own.rlim_max);
    CHECK(limit.value.rlim_cur == limit.value.rlim_max);
    CHECK(limit.resource != RLIMIT_AS);
  }
  const auto has = [](const std::vector<ResourceLimit>& list, int resource) {
    return std::ranges::find(list, resource, &ResourceLimit::resource) != list.end();
  };
  CHECK(has(*limits, RLIMIT_NPROC));
  CHECK_FALSE(has(*resource_limits({}, 1024), RLIMIT_NPROC));
  CHECK_FALSE(has(*resource_limits({}, 1024), RLIMIT_DATA));
  CHECK(has(*resource_limits({}, 1024, Runs::service), RLIMIT_DATA));
  CHECK(has(*resource_limits({}, 1024, Runs::service), RLIMIT_STACK));
}

}  // namespace
}  // namespace pawl::sandbox
