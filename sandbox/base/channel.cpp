#include "sandbox/base/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "sandbox/base/discard.hpp"
#include "sandbox/base/received.hpp"

namespace pawl {
namespace {

constexpr int kSocketType = SOCK_SEQPACKET | SOCK_CLOEXEC;
constexpr int kBufferSize = 2 * kMaxMessage;  // the kernel doubles it; a whole message must fit

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return refuse("socket path too long: " + path,
                  "a Unix socket's path has at most 107 bytes; use a shorter directory");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<UniqueFd> new_socket() {
  UniqueFd socket_fd(::socket(AF_UNIX, kSocketType, 0));
  if (!socket_fd) return failed("socket");
  ::setsockopt(socket_fd.get(), SOL_SOCKET, SO_SNDBUF, &kBufferSize, sizeof(kBufferSize));
  return socket_fd;
}

Result<std::optional<Packet>> nothing_received(int errnum) {
  if (errnum == ECONNRESET) return std::nullopt;
  return failed("receive", errnum);
}

}  // namespace

Result<Channel> Channel::connect(const std::string& path) {
  const sockaddr_un address = TRY(address_of(path));
  UniqueFd socket_fd = TRY(new_socket());
  if (::connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return failed("connect to " + path);
  return Channel(std::move(socket_fd));
}

Result<std::pair<Channel, Channel>> Channel::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, kSocketType, 0, ends) != 0) return failed("socketpair");
  for (int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferSize, sizeof(kBufferSize));
  return std::pair(Channel(UniqueFd(ends[0])), Channel(UniqueFd(ends[1])));
}

Result<> Channel::send(ByteSpan message, std::span<const int> descriptors) const {
  if (message.size() > kMaxMessage)
    return refuse("message of " + std::to_string(message.size()) + " bytes is too long");
  if (descriptors.size() > kMaxDescriptors) return refuse("too many descriptors in one message");
  iovec part{const_cast<std::uint8_t*>(message.data()), message.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(fd(), &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return failed("send");
  return {};
}

Result<std::optional<Packet>> Channel::receive() const {
  // How long it is: room for the longest message is 32 pages, touched and zeroed for every one.
  ssize_t size = 0;
  const auto look = [&] {
    do size = ::recv(fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    while (size < 0 && errno == EINTR);
  };
  look();
  // A peer that ended without reading all that it was told resets the connection, and the kernel says so
  // once, before what the peer had sent.
  if (size < 0 && errno == ECONNRESET) look();
  if (size < 0) return nothing_received(errno);
  Packet packet;
  packet.bytes.resize(std::clamp<std::size_t>(static_cast<std::size_t>(size), 1, kMaxMessage));
  iovec part{packet.bytes.data(), packet.bytes.size()};
  ControlBuffer control;
  msghdr header = control.header(part);
  ssize_t received = 0;
  do received = ::recvmsg(fd(), &header, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0) return nothing_received(errno);
  ControlBuffer::take(header, packet.descriptors);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || packet.descriptors.size() > kMaxDescriptors) {
    discard(std::move(packet.descriptors));
    return refuse("message or its descriptors are too long");
  }
  // No message of ours is empty, so an empty read is the end of the connection (seqpacket has no other sign).
  if (received == 0) {
    discard(std::move(packet.descriptors));
    return std::nullopt;
  }
  packet.bytes.resize(static_cast<std::size_t>(received));
  return packet;
}

Result<std::optional<Packet>> Channel::receive_within(std::chrono::milliseconds time) const {
  pollfd readable{fd(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&readable, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready > 0) return receive();
    if (ready == 0) return failed("receive", ETIMEDOUT);
    if (errno != EINTR) return failed("poll");
  }
}

Result<PeerIdentity> Channel::peer() const {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return failed("SO_PEERCRED");
  return PeerIdentity{credentials.pid, credentials.uid, credentials.gid};
}

Result<UniqueFd> listen_at(const std::string& path, mode_t mode) {
  const sockaddr_un address = TRY(address_of(path));
  UniqueFd listener = TRY(new_socket());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove old socket " + path);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return failed("bind " + path);
  if (::chmod(path.c_str(), mode) != 0) return failed("chmod " + path);
  if (::listen(listener.get(), 128) != 0) return failed("listen on " + path);
  return listener;
}

}  // namespace pawl
