// Descriptors that somebody else prepared never keep a process waiting in close().
#include "sandbox/base/discard.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <vector>

#include "sandbox/base/channel.hpp"

using namespace pawl;

namespace {

constexpr int kSeconds = 2;

// A TCP connection whose close() waits: unsent data, and a peer that never reads.
struct Bomb {
  UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  UniqueFd peer;

  Bomb() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    peer = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(peer);
    const Bytes data(64 * 1024, 'x');
    while (::send(socket.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) continue;
    const linger wait{1, kSeconds};
    REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &wait, sizeof(wait)) == 0);
  }
};

std::pair<UniqueFd, UniqueFd> unix_pair(int type = SOCK_SEQPACKET) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// With `copies` of the descriptor riding along.
void send_with(int socket, int descriptor, std::size_t copies = 1) {
  char byte = 'x';
  iovec part{&byte, 1};
  const std::vector<int> all(copies, descriptor);
  std::vector<std::max_align_t> control(CMSG_SPACE(copies * sizeof(int)) / sizeof(std::max_align_t) + 1);
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(copies * sizeof(int));
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(copies * sizeof(int));
  std::memcpy(CMSG_DATA(rights), all.data(), copies * sizeof(int));
  REQUIRE(::sendmsg(socket, &header, 0) == 1);
}

template <class Body>
bool waits(Body body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  return std::chrono::steady_clock::now() - begun > std::chrono::milliseconds(500);
}

}  // namespace

TEST_CASE("closing a prepared socket waits: without that the other cases prove nothing") {
  Bomb bomb;
  CHECK(waits([&] { bomb.socket.reset(); }));
}

TEST_CASE("a discarded socket does not wait") {
  Bomb bomb;
  CHECK_FALSE(waits([&] { discard(std::move(bomb.socket)); }));
}

TEST_CASE("a received socket does not linger, whatever is done with it") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  Bomb bomb;
  send_with(ends->first.fd(), bomb.socket.get());
  bomb.socket.reset();
  auto packet = ends->second.receive();
  REQUIRE(packet);
  CHECK_FALSE(waits([&] { (*packet)->descriptors.clear(); }));
}

TEST_CASE("descriptors beyond the limit are not closed by the kernel on this thread") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  Bomb bomb;
  send_with(ends->first.fd(), bomb.socket.get(), 253);
  bomb.socket.reset();
  CHECK_FALSE(waits([&] { CHECK_FALSE(ends->second.receive()); }));
}

TEST_CASE("what waits unread in a connection does not make its end wait") {
  auto [ours, theirs] = unix_pair();
  Bomb bomb;
  REQUIRE(::send(theirs.get(), "", 0, 0) == 0);  // an empty message hides nothing behind it
  send_with(theirs.get(), bomb.socket.get());
  bomb.socket.reset();
  theirs.reset();
  CHECK_FALSE(waits([&, mine = &ours] { discard(std::move(*mine)); }));
}

TEST_CASE("a socket in a socket's queue is found at any depth, of every type") {
  for (const int type : {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM}) {
    auto [inner, inner_end] = unix_pair(type);
    auto [outer, outer_end] = unix_pair(type);
    Bomb bomb;
    send_with(inner_end.get(), bomb.socket.get());
    bomb.socket.reset();
    send_with(outer_end.get(), inner.get());
    inner.reset();
    inner_end.reset();
    CHECK_FALSE(waits([mine = &outer] { discard(std::move(*mine)); }));
  }
}

TEST_CASE("connections that nobody accepted are emptied with their listener") {
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) ==
          0);  // a name of the kernel's
  size = sizeof(address);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(::listen(listener.get(), 4) == 0);
  UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  Bomb bomb;
  send_with(client.get(), bomb.socket.get());
  bomb.socket.reset();
  client.reset();
  CHECK_FALSE(waits([&] { discard(std::move(listener)); }));
}

TEST_CASE("a file is closed and nothing else happens to it") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd reader(ends[0]);
  discard(UniqueFd(ends[1]));
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);
}
