// Is an error about this machine's resources at this moment, and not about what was asked? Then nothing is
// decided by it: it is tried again. Pure.
#pragma once

#include <cerrno>

namespace pawl::broker {

constexpr bool is_transient(int errnum) {
  switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EROFS:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case EINTR:
      return true;
    default:
      return false;
  }
}

}  // namespace pawl::broker
