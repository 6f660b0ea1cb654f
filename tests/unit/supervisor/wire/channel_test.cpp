// The channel below every conversation: whole messages, descriptors with them, ends that are told.
#include "sandbox/base/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

using namespace pawl;

TEST_CASE("a message arrives whole with its descriptors, which are not inherited") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  const UniqueFd reader(pipe_ends[0]), writer(pipe_ends[1]);
  const int handed[] = {writer.get()};
  const Bytes message(kMaxMessage, 'x');
  REQUIRE(ends->first.send(message, handed));
  auto packet = ends->second.receive();
  REQUIRE(packet);
  REQUIRE(packet->has_value());
  CHECK((*packet)->bytes == message);
  REQUIRE((*packet)->descriptors.size() == 1);
  CHECK((::fcntl((*packet)->descriptors[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a message beyond the limit is refused by the sender and by the reader") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  CHECK_FALSE(ends->first.send(Bytes(kMaxMessage + 1, 'x')));
  const Bytes smuggled(kMaxMessage + 1, 'x');
  REQUIRE(::send(ends->first.fd(), smuggled.data(), smuggled.size(), 0) ==
          static_cast<ssize_t>(smuggled.size()));
  CHECK_FALSE(ends->second.receive());
}

TEST_CASE("more descriptors than allowed are refused and none is kept") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  const std::vector<int> many(kMaxDescriptors + 1, STDERR_FILENO);
  CHECK_FALSE(ends->first.send(Bytes{1}, many));
}

TEST_CASE("the end of a connection is an empty packet, silence a time-out") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  const auto silent = ends->second.receive_within(std::chrono::milliseconds(10));
  REQUIRE_FALSE(silent);
  CHECK(silent.error().errnum == ETIMEDOUT);
  ends->first = Channel();
  const auto packet = ends->second.receive();
  REQUIRE(packet);
  CHECK_FALSE(packet->has_value());
}

TEST_CASE("connecting where nobody listens tells the kernel's reason") {
  const auto channel = Channel::connect("/nonexistent/pawl.sock");
  REQUIRE_FALSE(channel);
  CHECK(channel.error().errnum == ENOENT);
  CHECK_FALSE(Channel::connect(std::string(200, 'x')));
}

TEST_CASE("what a peer said before it ended is heard, also where it had not read everything") {
  auto [ours, theirs] = Channel::pair().value();
  REQUIRE(ours.send(as_bytes("unread")));
  REQUIRE(theirs.send(as_bytes("first")));
  REQUIRE(theirs.send(as_bytes("last")));
  {
    const Channel gone = std::move(theirs);
  }
  for (const std::string_view said : {"first", "last"}) {
    const auto packet = ours.receive();
    REQUIRE(packet);
    REQUIRE(packet->has_value());
    CHECK(as_text((*packet)->bytes) == said);
  }
  CHECK_FALSE(ours.receive().value().has_value());
}
