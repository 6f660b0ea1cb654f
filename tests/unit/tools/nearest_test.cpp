// "Did you mean": a help where one is meant, silence where none is.
#include "tools/nearest.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace pawl::tools;

namespace {
constexpr std::array<std::string_view, 4> kVerbs = {"actions", "request", "status", "mcp"};
}

TEST_CASE("a mistyped word is answered with the known one that it is closest to") {
  CHECK(did_you_mean("reqest", kVerbs) == " (did you mean 'request'?)");
  CHECK(did_you_mean("requestt", kVerbs) == " (did you mean 'request'?)");
  CHECK(did_you_mean("stauts", kVerbs) == " (did you mean 'status'?)");
  CHECK(nearest("mpc", std::array<std::string_view, 2>{"mcx", "mpx"}) == "mpx");
}

TEST_CASE("a word that resembles nothing known gets no suggestion") {
  CHECK(did_you_mean("destroy", kVerbs).empty());
  CHECK(did_you_mean("", kVerbs).empty());
  CHECK(did_you_mean("request", {}).empty());
}

TEST_CASE("of two that are equally close the first known one is suggested") {
  CHECK(nearest("cat", std::array<std::string_view, 2>{"bat", "rat"}) == "bat");
}

TEST_CASE("a word far too long to be mistyped is not compared at all") {
  const std::string known(64, 'a'), typed(65, 'a');
  CHECK(nearest(known, std::array<std::string_view, 1>{known}) == known);
  CHECK_FALSE(nearest(typed, std::array<std::string_view, 1>{known}));
}
