// Writes everything to a blocking descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "sandbox/base/error.hpp"

namespace pawl {

inline Result<> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace pawl
