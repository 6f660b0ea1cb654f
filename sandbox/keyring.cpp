#include "sandbox/keyring.hpp"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace pawl::sandbox {

int join_own_keyring() noexcept {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return 0;
  return errno == ENOSYS ? 0 : errno;  // a kernel without keys has none to inherit
}

}  // namespace pawl::sandbox
