#include "tools/pawl/cli/doctor/limited.hpp"

#include <unistd.h>
#include <csignal>

#include <catch2/catch.hpp>

using namespace pawl::cli;
using namespace std::chrono_literals;

TEST_CASE("an answer in time is taken as it is") {
  const Finding finding = within(10s, [] { return Finding{State::works, "cause", "remedy"}; });
  CHECK(finding.state == State::works);
  CHECK(finding.cause == "cause");
  CHECK(finding.remedy == "remedy");
}

TEST_CASE("a question that never ends is ended, with all that it started") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Finding finding = within(1s, [&ends]() -> Finding {
    ::close(ends[0]);
    if (::fork() == 0)
      for (;;) ::pause();
    for (;;) ::pause();
  });
  ::close(ends[1]);
  CHECK(finding.state == State::missing);
  CHECK(finding.cause.find("did not end within 1 seconds") != std::string::npos);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);  // nobody has the other end any more
  ::close(ends[0]);
}

TEST_CASE("a question that dies is missing, never works") {
  const Finding finding = within(10s, []() -> Finding {
    ::raise(SIGKILL);
    return {State::works, {}, {}};
  });
  CHECK(finding.state == State::missing);
  CHECK(finding.cause.find("died") != std::string::npos);
}
