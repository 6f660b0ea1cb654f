// getaddrinfo(3), for pawl-dial. The only code here that reads the host's resolver files and talks to its
// name servers.
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "supervisor/egress/dialer.hpp"

namespace pawl::egress {
namespace {

std::optional<Address> address_in(const addrinfo& entry) {
  Address address;
  if (entry.ai_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry.ai_addr);
    std::memcpy(address.bytes.data(), &v4->sin_addr, 4);
    return address;
  }
  if (entry.ai_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry.ai_addr);
    // A scope means an address of one link only; it must not lose its scope and become another one.
    if (v6->sin6_scope_id != 0) return std::nullopt;
    address.family = Address::Family::v6;
    std::memcpy(address.bytes.data(), &v6->sin6_addr, 16);
    return address;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Address>> resolve_by_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (code == EAI_SYSTEM) return failed(name + " does not resolve");
  if (code != 0)
    return refuse(name + " does not resolve: " + ::gai_strerror(code),
                  "look at the name, and at the host's /etc/resolv.conf");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    if (const auto address = address_in(*entry)) addresses.push_back(*address);
  return addresses;
}

}  // namespace pawl::egress
