// One Unix SOCK_SEQPACKET connection: a message is a datagram, descriptors ride along (unix(7), SCM_RIGHTS).
// Boundaries are the kernel's; a message longer than the limit is refused, never cut.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl {

inline constexpr std::size_t kMaxMessage = 128 * 1024;  // bytes
inline constexpr std::size_t kMaxDescriptors = 32;      // a message

struct Packet {
  Bytes bytes;
  std::vector<UniqueFd> descriptors;  // CLOEXEC
};

struct PeerIdentity {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  // Connects to a listening socket's path. ENOENT and ECONNREFUSED keep their errnum.
  static Result<Channel> connect(const std::string& path);
  // Two connected ends.
  static Result<std::pair<Channel, Channel>> pair();

  int fd() const { return socket_.get(); }
  explicit operator bool() const { return static_cast<bool>(socket_); }
  UniqueFd release() && { return std::move(socket_); }

  // EAGAIN keeps its errnum (only on a non-blocking socket, or where the peer does not read).
  Result<> send(ByteSpan message, std::span<const int> descriptors = {}) const;
  // nullopt: the peer has closed. Refuses truncated messages and too many descriptors (all are closed then).
  Result<std::optional<Packet>> receive() const;
  // The same, but ETIMEDOUT when nothing came in time.
  Result<std::optional<Packet>> receive_within(std::chrono::milliseconds time) const;
  // Who connected, told by the kernel (SO_PEERCRED).
  Result<PeerIdentity> peer() const;

 private:
  UniqueFd socket_;
};

// A listening SOCK_SEQPACKET socket at `path`, made with `mode`; an old file there is replaced.
Result<UniqueFd> listen_at(const std::string& path, mode_t mode);

}  // namespace pawl
