// The end of what a command wrote into a pipe: it waits for whoever reads it.
#include "tools/pawl/stream_relays.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

using namespace std::chrono_literals;
using namespace pawl;
using namespace pawl::run;
using sandbox::Stdio;

namespace {

constexpr std::size_t kWritten = 60'000;

// Relays kWritten bytes of a command that has ended into `output`, which takes one page.
[[noreturn]] void relay_into(const UniqueFd& output) {
  ::dup2(output.get(), 1);
  const auto signals = Signals::block();
  StreamRelays relays;
  if (!signals) ::_exit(2);
  {
    const auto handed = relays.prepare({Stdio::null, Stdio::descriptor, Stdio::null});
    const std::string text(kWritten, 'x');
    if (!handed ||
        ::write(handed->at(0).get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      ::_exit(3);
  }
  relays.finish(50ms, *signals);
  ::_exit(0);
}

struct Reader {
  Reader() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading = UniqueFd(ends[0]);
    UniqueFd writing(ends[1]);
    REQUIRE(::fcntl(writing.get(), F_SETPIPE_SZ, 4096) == 4096);
    child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      reading.reset();
      relay_into(writing);
    }
    pollfd first{reading.get(), POLLIN, 0};
    REQUIRE(::poll(&first, 1, 20'000) == 1);  // it relays
  }
  int end() const {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
  }
  UniqueFd reading;
  pid_t child = -1;
};

}  // namespace

TEST_CASE("a reader that takes its time gets all of it") {
  const Reader reader;
  ::usleep(500'000);  // much longer than the patience with a command that writes nothing
  std::size_t read = 0;
  char buffer[8192];
  for (ssize_t size = 0; (size = ::read(reader.reading.get(), buffer, sizeof(buffer))) > 0;)
    read += static_cast<std::size_t>(size);
  CHECK(read == kWritten);
  CHECK(reader.end() == 0);
}

TEST_CASE("a signal ends the waiting for a reader, and so does the reader's end") {
  ::alarm(20);  // else it would wait for ever
  SECTION("signal") {
    const Reader reader;
    REQUIRE(::kill(reader.child, SIGWINCH) == 0);
    ::usleep(200'000);
    REQUIRE(::waitpid(reader.child, nullptr, WNOHANG) == 0);
    REQUIRE(::kill(reader.child, SIGTERM) == 0);
    CHECK(reader.end() == 0);
  }
  SECTION("reader") {
    Reader reader;
    ::usleep(200'000);
    reader.reading.reset();
    CHECK(reader.end() == 0);
  }
  ::alarm(0);
}

namespace {

// What comes out of a pipe that both are, or of two, when a command writes to its output and its errors in
// turn.
std::array<std::string, 2> relayed(bool same_place) {
  constexpr int kTurns = 200;
  std::array<int, 2> output{}, errors{};
  REQUIRE(::pipe2(output.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(errors.data(), O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(output[1], 1);
    ::dup2(same_place ? output[1] : errors[1], 2);
    const auto signals = Signals::block();
    StreamRelays relays;
    if (!signals) ::_exit(2);
    {
      const auto handed = relays.prepare({Stdio::null, Stdio::descriptor, Stdio::descriptor});
      if (!handed || handed->size() != 2) ::_exit(3);
      for (int turn = 0; turn < kTurns; ++turn)
        for (const int number : {0, 1})
          if (::write(handed->at(static_cast<std::size_t>(number)).get(), number == 0 ? "o" : "e", 1) != 1)
            ::_exit(4);
    }
    relays.finish(1s, *signals);
    ::_exit(0);
  }
  std::array<std::string, 2> texts;
  for (const std::size_t i : {0U, 1U}) {
    const std::array<int, 2>& ends = i == 0 ? output : errors;
    ::close(ends[1]);
    char byte = 0;
    while (::read(ends[0], &byte, 1) == 1) texts[i] += byte;
    ::close(ends[0]);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return texts;
}

}  // namespace

TEST_CASE("output and errors that go to one place come there in the order in which they were written") {
  std::string alternating;
  for (int turn = 0; turn < 200; ++turn) alternating += "oe";
  CHECK(relayed(true) == std::array<std::string, 2>{alternating, ""});
  CHECK(relayed(false) == std::array<std::string, 2>{std::string(200, 'o'), std::string(200, 'e')});
}
