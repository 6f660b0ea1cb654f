#include "tools/pawl/answers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "sandbox/base/unique_fd.hpp"

using namespace std::chrono_literals;
using namespace pawl;
using namespace pawl::run;

namespace {

// A raw pty: what is written into `screen` is what the terminal answers.
struct RawTerminal {
  RawTerminal() : screen(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(::grantpt(screen.get()) == 0);
    REQUIRE(::unlockpt(screen.get()) == 0);
    char name[64];
    REQUIRE(::ptsname_r(screen.get(), name, sizeof(name)) == 0);
    line = UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    termios modes{};
    REQUIRE(::tcgetattr(line.get(), &modes) == 0);
    ::cfmakeraw(&modes);
    REQUIRE(::tcsetattr(line.get(), TCSANOW, &modes) == 0);
  }
  void answer(const std::string& text) const {
    REQUIRE(::write(screen.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string left() const {
    char buffer[4096];
    const ssize_t size = ::read(line.get(), buffer, sizeof(buffer));
    return {buffer, size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  UniqueFd screen;
  UniqueFd line;
};

const LastQuestion kLast({{{3, 70}, {12, 1}, {24, 80}}});
constexpr char kAnswer[] = "\x1b[3;70R\x1b[12;1R\x1b[24;80R";

std::chrono::milliseconds time_of(const RawTerminal& terminal) {
  const auto begin = std::chrono::steady_clock::now();
  take_answers(terminal.line.get(), kLast);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

TEST_CASE("the last question asks where the cursor is in three places, and leaves it where it was") {
  CHECK(kLast.question() ==
        "\x1b"
        "7\x1b[3;70H\x1b[6n\x1b[12;1H\x1b[6n\x1b[24;80H\x1b[6n\x1b"
        "8");
  CHECK(kLast.answer() == kAnswer);
}

TEST_CASE("its answer cannot be foreseen, and lies on the screen") {
  std::set<std::string> answers;
  for (int i = 0; i < 100; ++i) answers.insert(LastQuestion::invent({24, 80, 0, 0}).answer());
  CHECK(answers.size() == 100);
  CHECK(LastQuestion::invent({1, 1, 0, 0}).answer() == "\x1b[1;1R\x1b[1;1R\x1b[1;1R");
  CHECK(LastQuestion::invent({0, 0, 0, 0}).answer() == "\x1b[1;1R\x1b[1;1R\x1b[1;1R");
}

TEST_CASE("all that comes up to the answer is taken, however late") {
  RawTerminal terminal;
  std::thread slow([&] {
    for (const char* late : {"\x1b[1;1R", "\x1b[?62;4c", "\x1b]11;rgb:0000/0000/0000\x1b\\"}) {
      std::this_thread::sleep_for(150ms);
      terminal.answer(late);
    }
    std::this_thread::sleep_for(150ms);
    terminal.answer("\x1b[3;7");
    std::this_thread::sleep_for(20ms);
    terminal.answer("0R\x1b[12;1R\x1b[24;80R");
  });
  const auto time = time_of(terminal);
  slow.join();
  CHECK(time > 600ms);
  CHECK(time < 1'500ms);
  CHECK(terminal.left().empty());
}

TEST_CASE("an answer that the command has provoked does not end the waiting") {
  RawTerminal terminal;
  // Single places, and two of three.
  terminal.answer("\x1b[3;70R\x1b[12;1R\x1b[24;79R\x1b[24;80R\x1b[0n");
  std::thread slow([&] {
    std::this_thread::sleep_for(300ms);
    terminal.answer(std::string("reboot\n") + kAnswer);
  });
  const auto time = time_of(terminal);
  slow.join();
  CHECK(time >= 300ms);
  CHECK(terminal.left().empty());
}

TEST_CASE("a terminal that does not answer keeps nobody") {
  RawTerminal terminal;
  SECTION("silence") {
    const auto time = time_of(terminal);
    CHECK(time >= 2'000ms);
    CHECK(time < 3'000ms);
  }
  SECTION("gone") {
    terminal.screen.reset();
    CHECK(time_of(terminal) < 500ms);
  }
}

TEST_CASE("a terminal that has much to answer is listened to until its last answer") {
  RawTerminal terminal;
  std::thread slow([&] {
    for (int i = 0; i < 60; ++i) {
      terminal.answer("\x1b[1;1R");
      std::this_thread::sleep_for(100ms);
    }
    terminal.answer(kAnswer);
  });
  take_answers(terminal.line.get(), kLast);
  slow.join();
  CHECK(terminal.left().empty());
}

TEST_CASE("the rest of what somebody types is taken, until they pause or go on too long") {
  RawTerminal terminal;
  std::atomic<bool> enough = false;
  std::thread typist([&] {
    while (!enough) {
      terminal.answer("k");
      std::this_thread::sleep_for(50ms);
    }
  });
  take_keys(terminal.line.get());  // returns, though there is no end
  enough = true;
  typist.join();
  take_keys(terminal.line.get());
  CHECK(terminal.left().empty());
}
