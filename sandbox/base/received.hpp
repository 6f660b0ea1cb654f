// Room for every descriptor that one message can bring. A smaller buffer would make the kernel close the
// surplus on this thread, as their sender prepared them. Runs wherever descriptors arrive.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <vector>

#include "sandbox/base/discard.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl {

inline constexpr std::size_t kKernelDescriptors = 253;  // SCM_MAX_FD of the kernel: no message has more

class ControlBuffer {
 public:
  msghdr header(iovec& part) {
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = bytes_;
    header.msg_controllen = sizeof(bytes_);
    return header;
  }

  // Owns whatever came, and keeps sockets from lingering.
  static void take(msghdr& header, std::vector<UniqueFd>& into) {
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr; rights = CMSG_NXTHDR(&header, rights)) {
      if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
        into.emplace_back(descriptor);
        forbid_linger(descriptor);
      }
    }
  }

 private:
  // What the socket's own options add comes before the descriptors: credentials, label, time stamps.
  static constexpr std::size_t kOthers = 1024;
  alignas(cmsghdr) char bytes_[CMSG_SPACE(sizeof(int) * kKernelDescriptors) + kOthers] = {};
};

}  // namespace pawl
