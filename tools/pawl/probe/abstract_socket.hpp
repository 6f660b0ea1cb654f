// A socket with an abstract name (unix(7)): what a namespace or a scope is to keep from being reached. Runs
// in pawl-probe.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::probe {

class AbstractSocket {
 public:
  static Result<AbstractSocket> listen();
  // To whoever asks from where the caller is.
  bool answers() const;

 private:
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }

  UniqueFd server_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

}  // namespace pawl::probe
