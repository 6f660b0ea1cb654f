#include "tools/pawl/probe/abstract_socket.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace pawl::probe {
namespace {

UniqueFd new_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

}  // namespace

Result<AbstractSocket> AbstractSocket::listen() {
  AbstractSocket made;
  made.address_.sun_family = AF_UNIX;
  const std::string name = "pawl-probe-" + std::to_string(::getpid());
  std::memcpy(made.address_.sun_path + 1, name.data(), name.size());
  made.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  made.server_ = new_socket();
  if (!made.server_ || ::bind(made.server_.get(), made.address(), made.size_) != 0 ||
      ::listen(made.server_.get(), 4) != 0)
    return failed("listen on an abstract socket");
  return made;
}

bool AbstractSocket::answers() const {
  const UniqueFd client = new_socket();
  return ::connect(client.get(), address(), size_) == 0;
}

}  // namespace pawl::probe
