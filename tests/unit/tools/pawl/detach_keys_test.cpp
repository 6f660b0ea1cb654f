#include "tools/pawl/detach_keys.hpp"

#include <catch2/catch.hpp>

using pawl::run::DetachKeys;

namespace {

DetachKeys keys(const char* text) { return std::move(DetachKeys::parse(text)).value(); }
DetachKeys usual() { return keys(pawl::run::kDefaultDetachKeys); }

// Ctrl-\ as a terminal sends it: plainly, by the kitty keyboard protocol in several depths, by xterm's
// modifyOtherKeys, and with Caps Lock on.
constexpr const char* kWays[] = {"\x1c",         "\x1b[92;5u",    "\x1b[92:124;5u",
                                 "\x1b[92;5:1u", "\x1b[27;5;92~", "\x1b[92;69u"};

}  // namespace

TEST_CASE("keys to detach are named as people name them") {
  CHECK(usual().name() == "Ctrl-\\ Ctrl-\\");
  CHECK(keys("ctrl-a,d").name() == "Ctrl-A d");
  CHECK(keys("ctrl-]").name() == "Ctrl-]");
  CHECK(keys("ctrl-A").name() == "Ctrl-A");
  CHECK(keys("ctrl-a,,").name() == "Ctrl-A ,");
  CHECK(keys("none").name().empty());
}

TEST_CASE("what cannot be typed, or would be typed all the time, is refused") {
  for (const char* wrong : {"", "d", "a,ctrl-a", "ctrl-", "ctrl-1", "ctrl-ab", "ctrl-a,", "ctrl-a,,d",
                            "ctrl-[", "ctrl-a,\x07", "ctrl-a, ", "^A", "ctrl-a,b,c,d,e,f,g,h,i"}) {
    INFO(wrong);
    CHECK_FALSE(DetachKeys::parse(wrong));
  }
}

TEST_CASE("the pair detaches, in whatever way the terminal sends it") {
  for (const char* first : kWays)
    for (const char* second : kWays) {
      DetachKeys both = usual();
      const auto typed = both.type(std::string("before") + first + second + "after");
      INFO(first << second);
      CHECK(typed.detach);
      CHECK(typed.pass == "before");
      DetachKeys apart = usual();
      CHECK_FALSE(apart.type(first).detach);
      CHECK(apart.holding());
      CHECK(apart.type(second).detach);
    }
}

TEST_CASE("one of the pair is the command's, once it is clear that the other does not come") {
  DetachKeys half = usual();
  SECTION("because another key comes") {
    CHECK(half.type("\x1c").pass.empty());
    const auto typed = half.type("\x0e");  // vim's Ctrl-\ Ctrl-N
    CHECK_FALSE(typed.detach);
    CHECK(typed.pass == "\x1c\x0e");
    CHECK_FALSE(half.holding());
  }
  SECTION("because time is over") {
    half.type("\x1b[92;5u");
    CHECK(half.let_go() == "\x1b[92;5u");
    CHECK_FALSE(half.holding());
    CHECK_FALSE(half.type("\x1c").detach);
  }
}

TEST_CASE("releases and modifier keys between the two do not count, and are not lost") {
  DetachKeys held = usual();
  const std::string press = "\x1b[92;5:1u", release = "\x1b[92;5:3u", control = "\x1b[57442;5:1u";
  SECTION("they wait with the first key") {
    CHECK(held.type(press + release + control).pass.empty());
    CHECK(held.type(press).detach);
  }
  SECTION("and go on with it") { CHECK(held.type(press + release + "x").pass == press + release + "x"); }
  SECTION("alone they are the command's at once") {
    CHECK(held.type(release + control).pass == release + control);
  }
  SECTION("without end they are let go") {
    held.type(press);
    std::string passed;
    for (int i = 0; i < 1000; ++i) passed += held.type(release).pass;
    CHECK(passed.size() > 500 * release.size());
  }
}

TEST_CASE("everything else reaches the command unchanged") {
  const std::string text =
      "plain \xc3\xa4 \x01\x02 \x1b[A \x1b[1;5C \x1bOP \x1b[<0;10;20M \x1b[200~paste\x1b[201~ \x1b[65;5u "
      "\x1b[92;7u \x1b \x1b[";
  DetachKeys none = keys("none");
  CHECK(none.type(text + "\x1c\x1c").pass == text + "\x1c\x1c");
  DetachKeys other = usual();
  CHECK(other.type(text).pass == text);
  std::string bytes;
  for (const char byte : text) bytes += other.type({&byte, 1}).pass;
  CHECK(bytes == text);
}

TEST_CASE("a second key may be a plain one, also as the terminal's protocol sends it") {
  for (const char* second : {"d", "\x1b[100u", "\x1b[100;1u"}) {
    DetachKeys chosen = keys("ctrl-a,d");
    INFO(second);
    CHECK(chosen.type(std::string("\x01") + second).detach);
  }
  DetachKeys chosen = keys("ctrl-a,d");
  CHECK(chosen.type("dad").pass == "dad");
  CHECK(chosen.type("\x01\x01").pass == "\x01");  // screen's way to type one
  CHECK(chosen.type("d").detach);
}
