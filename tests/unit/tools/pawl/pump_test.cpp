// The pump between a session and the person's streams: everything arrives, and nobody who is slow or gone
// holds it up.
#include "tools/pawl/pump.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cerrno>
#include <csignal>
#include <string>

#include "sandbox/base/unique_fd.hpp"

using namespace pawl;
using run::Pump;

namespace {

struct Ends {
  UniqueFd reader;
  UniqueFd writer;
};

Ends make_pipe(int flags = O_CLOEXEC) {
  int ends[2];
  REQUIRE(::pipe2(ends, flags) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Ends make_sockets() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void put(const UniqueFd& descriptor, const std::string& text) {
  REQUIRE(::write(descriptor.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

// What is there now; empty: nothing.
std::string take(const UniqueFd& descriptor) {
  ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
  std::string text(1 << 20, '\0');
  const ssize_t size = ::read(descriptor.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

// One turn of a loop; whether anything moved.
bool turn(Pump& pump) {
  std::vector<pollfd> watched;
  pump.watch(watched);
  if (watched.empty() || ::poll(watched.data(), watched.size(), 0) <= 0) return false;
  return pump.advance(watched) == Pump::Moved::something;
}

}  // namespace

TEST_CASE("what comes in goes out unchanged in one turn, zero bytes included") {
  const Ends in = make_pipe(), out = make_pipe();
  Pump pump(in.reader.get(), out.writer.get());
  const std::string text("a\0\x1b[2J\xff\n", 8);
  put(in.writer, text);
  CHECK(turn(pump));
  CHECK(take(out.reader) == text);
  CHECK_FALSE(turn(pump));
  CHECK_FALSE(pump.finished());
}

TEST_CASE("the end of the input ends the pump after the last byte went out") {
  Ends in = make_pipe();
  const Ends out = make_pipe();
  Pump pump(in.reader.get(), out.writer.get());
  put(in.writer, "last words");
  in.writer = UniqueFd();
  while (!pump.finished() && turn(pump)) {
  }
  CHECK(pump.finished());
  CHECK(take(out.reader) == "last words");
}

TEST_CASE("a reader that is slow loses nothing, and is waited for instead of the input") {
  Ends in = make_pipe();
  const Ends out = make_pipe();
  Pump pump(in.reader.get(), out.writer.get());
  const int room = ::fcntl(out.writer.get(), F_SETPIPE_SZ, 4096);
  REQUIRE(room == 4096);
  std::string sent;
  for (char letter = 'a'; letter < 'p'; ++letter) sent += std::string(1000, letter);
  put(in.writer, sent);
  in.writer = UniqueFd();
  while (turn(pump)) {
  }
  REQUIRE_FALSE(pump.finished());
  std::vector<pollfd> watched;
  pump.watch(watched);
  REQUIRE(watched.size() == 1);
  CHECK(watched[0].fd == out.writer.get());
  CHECK(watched[0].events == POLLOUT);
  std::string received;
  for (int i = 0; i < 100 && !pump.finished(); ++i) {
    received += take(out.reader);
    while (turn(pump)) {
    }
  }
  CHECK(pump.finished());
  CHECK(received + take(out.reader) == sent);
}

TEST_CASE("a blocking pipe with little room never blocks the pump") {
  Ends in = make_pipe();
  const Ends out = make_pipe();
  const int size = ::fcntl(out.writer.get(), F_SETPIPE_SZ, 8192);
  REQUIRE(size == 8192);
  put(out.writer, std::string(4096, 'x'));  // one page is left
  put(in.writer, std::string(20'000, 'y'));
  Pump pump(in.reader.get(), out.writer.get());
  ::alarm(10);  // a write that blocks would hang the test
  while (turn(pump)) {
  }
  ::alarm(0);
  CHECK(take(out.reader) == std::string(4096, 'x') + std::string(4096, 'y'));
}

TEST_CASE("a full socket that blocks never blocks the pump either") {
  Ends in = make_pipe();
  const Ends out = make_sockets();
  Pump pump(in.reader.get(), out.writer.get());
  ::alarm(10);
  std::size_t sent = 0;
  for (bool moving = true; moving;) {
    put(in.writer, std::string(16'384, 'z'));
    sent += 16'384;
    moving = turn(pump);
    while (turn(pump)) {
    }
    REQUIRE(sent < 64u << 20);
  }
  ::alarm(0);
  CHECK_FALSE(pump.finished());
  CHECK_FALSE(take(out.reader).empty());
  CHECK(turn(pump));
}

TEST_CASE("a reader that went away ends the pump without a signal") {
  std::signal(SIGPIPE, SIG_DFL);
  const Ends in = make_pipe();
  Ends out = make_sockets();
  Pump pump(in.reader.get(), out.writer.get());
  out.reader = UniqueFd();
  put(in.writer, "to nobody");
  turn(pump);
  CHECK(pump.finished());
  std::vector<pollfd> watched;
  pump.watch(watched);
  CHECK(watched.empty());
}

TEST_CASE("a pump moves only for its own descriptors") {
  const Ends in = make_pipe(), out = make_pipe(), other = make_pipe();
  Pump pump(in.reader.get(), out.writer.get());
  put(in.writer, "waits");
  CHECK(pump.advance({{other.reader.get(), POLLIN, POLLIN}}) == Pump::Moved::nothing);
  CHECK(pump.advance({{in.reader.get(), POLLIN, 0}}) == Pump::Moved::nothing);
  CHECK(take(out.reader).empty());
  CHECK(pump.advance({{in.reader.get(), POLLIN, POLLIN}}) == Pump::Moved::something);
  CHECK(take(out.reader) == "waits");
}
