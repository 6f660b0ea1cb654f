#include "supervisor/egress/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace pawl::egress {
namespace {

constexpr Range kOutsideGlobalUnicast = {"::", 0, "reserved", "RFC 4291 §2.4: only 2000::/3 is handed out"};

struct Embedding {
  std::string_view network;
  unsigned prefix;
  std::size_t offset;  // of the IPv4 address, bytes
};

constexpr Embedding kEmbeddings[] = {
    {"::ffff:0:0", 96, 12},  // IPv4-mapped, RFC 4291 §2.5.5.2: the kernel connects over IPv4
    {"64:ff9b::", 96, 12},   // NAT64, RFC 6052 §2.1
    {"2002::", 16, 2},       // 6to4, RFC 3056 §2
};

bool within(const Address& address, std::string_view network, unsigned prefix) {
  const std::optional<Address> base = parse_address(network);
  if (!base || base->family != address.family) return false;
  for (unsigned bit = 0; bit < prefix; ++bit) {
    const unsigned mask = 0x80u >> bit % 8;
    if ((address.bytes[bit / 8] & mask) != (base->bytes[bit / 8] & mask)) return false;
  }
  return true;
}

const Range* listed_range(const Address& address) {
  const auto* found = std::ranges::find_if(
      kSpecialRanges, [&](const Range& range) { return within(address, range.network, range.prefix); });
  return found == std::end(kSpecialRanges) ? nullptr : found;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.family = Address::Family::v6;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.family == Address::Family::v4 ? AF_INET : AF_INET6, address.bytes.data(), text,
            sizeof(text));
  return text;
}

const Range* special_range(const Address& address) {
  if (address.family == Address::Family::v4) return listed_range(address);
  for (const Embedding& embedding : kEmbeddings) {
    if (!within(address, embedding.network, embedding.prefix)) continue;
    Address inner;
    std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(embedding.offset), 4,
                inner.bytes.begin());
    return listed_range(inner);
  }
  if (const Range* range = listed_range(address)) return range;
  return within(address, "2000::", 3) ? nullptr : &kOutsideGlobalUnicast;
}

bool is_loopback(std::string_view host) {
  const std::optional<Address> address = parse_address(host);
  return address && (within(*address, "127.0.0.0", 8) || within(*address, "::1", 128));
}

}  // namespace pawl::egress
