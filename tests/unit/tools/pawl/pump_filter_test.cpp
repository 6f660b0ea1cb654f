#include "tools/pawl/pump.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sandbox/base/unique_fd.hpp"

using pawl::UniqueFd;
using pawl::run::Pump;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    reading = UniqueFd(ends[0]);
    writing = UniqueFd(ends[1]);
  }
  void write(std::string_view text) {
    REQUIRE(::write(writing.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string read() {
    std::string text(1 << 17, '\0');
    const ssize_t size = ::read(reading.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  UniqueFd reading, writing;
};

void turn(Pump& pump) {
  std::vector<pollfd> watched;
  pump.watch(watched);
  ::poll(watched.data(), watched.size(), 100);
  pump.advance(watched);
}

}  // namespace

TEST_CASE("a pump moves what comes, and is finished when nothing comes any more") {
  Pipe from, to;
  Pump pump(from.reading.get(), to.writing.get());
  from.write("some bytes");
  turn(pump);
  CHECK(to.read() == "some bytes");
  from.writing.reset();
  turn(pump);
  CHECK(pump.finished());
}

TEST_CASE("a filter may swallow, change and add") {
  Pipe from, to;
  std::string next;
  Pump pump(from.reading.get(), to.writing.get(), [&next](std::span<char> buffer, std::size_t size) {
    CHECK(size + Pump::kRoom <= buffer.size());
    return next.copy(buffer.data(), buffer.size());
  });
  from.write("key");
  turn(pump);
  CHECK(to.read().empty());
  CHECK_FALSE(pump.finished());
  next = std::string(Pump::kRoom, 'x');
  from.write("key");
  turn(pump);
  CHECK(to.read() == next);
}

TEST_CASE("what is added goes behind what is on its way, and is never cut") {
  Pipe from, to;
  Pump pump(from.reading.get(), to.writing.get());
  const std::string much(60'000, 'm');
  from.write("first ");
  pump.add(much);
  for (int i = 0; i < 4; ++i) turn(pump);
  CHECK(to.read() == much + "first ");
}

TEST_CASE("to nowhere everything is thrown away, and still seen") {
  Pipe from;
  std::size_t seen = 0;
  Pump pump(from.reading.get(), Pump::kNowhere, [&seen](std::span<char>, std::size_t size) {
    seen += size;
    return size;
  });
  for (int i = 0; i < 3; ++i) {
    from.write(std::string(50'000, 'x'));
    while (seen < 50'000u * static_cast<unsigned>(i + 1)) turn(pump);
  }
  CHECK(seen == 150'000);
}
