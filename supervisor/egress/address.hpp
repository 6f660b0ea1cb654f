// Which addresses may be dialled: the one table of special ranges, and what is asked of it. Pure.
// Runs in pawl-dial; the addresses come from a resolver, which an attacker may own (hazard 34).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"

namespace pawl::egress {

struct Address {
  enum class Family : std::uint8_t { v4, v6 };
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};  // v4: the first four

  std::size_t size() const { return family == Family::v4 ? 4 : 16; }
  bool operator==(const Address&) const = default;
};

// Only the forms of inet_pton(3): "127.1" and "0x7f000001" are not addresses here.
std::optional<Address> parse_address(std::string_view text);
std::string to_text(const Address& address);

// A range that is never dialled unless the exact address is listed.
struct Range {
  std::string_view network;  // "10.0.0.0"
  unsigned prefix;           // bits
  std::string_view kind;     // reads well in "resolves to the … address 10.1.2.3"
  std::string_view source;   // who says so
};

// Rows are looked up in order, so that a narrower name stands before the range around it.
inline constexpr Range kSpecialRanges[] = {
    {"0.0.0.0", 8, "unspecified", "RFC 791 §3.2: this host, this network; Linux connects 0.0.0.0 to itself"},
    {"10.0.0.0", 8, "private", "RFC 1918"},
    {"100.64.0.0", 10, "carrier-internal", "RFC 6598; some clouds keep their metadata service here"},
    {"127.0.0.0", 8, "loopback", "RFC 1122 §3.2.1.3"},
    {"169.254.169.254", 32, "cloud metadata", "hands out credentials on most clouds"},
    {"169.254.0.0", 16, "link-local", "RFC 3927"},
    {"168.63.129.16", 32, "cloud metadata", "Azure's host agent, on an otherwise public address"},
    {"172.16.0.0", 12, "private", "RFC 1918"},
    {"192.0.0.0", 24, "protocol-assignment", "RFC 6890; metadata on one cloud"},
    {"192.0.2.0", 24, "documentation", "RFC 5737"},
    {"192.88.99.0", 24, "6to4-relay", "RFC 7526: deprecated"},
    {"192.168.0.0", 16, "private", "RFC 1918"},
    {"198.18.0.0", 15, "benchmark", "RFC 2544; pawl's own synthetic addresses"},
    {"198.51.100.0", 24, "documentation", "RFC 5737"},
    {"203.0.113.0", 24, "documentation", "RFC 5737"},
    {"224.0.0.0", 4, "multicast", "RFC 5771"},
    {"255.255.255.255", 32, "broadcast", "RFC 919"},
    {"240.0.0.0", 4, "reserved", "RFC 1112 §4"},

    {"::", 128, "unspecified", "RFC 4291 §2.5.2"},
    {"::1", 128, "loopback", "RFC 4291 §2.5.3"},
    {"::", 96, "IPv4-compatible", "RFC 4291 §2.5.5.1: deprecated"},
    {"64:ff9b:1::", 48, "local NAT64", "RFC 8215: where the IPv4 address stands in it is a local matter"},
    {"100::", 64, "discard-only", "RFC 6666"},
    {"2001:db8::", 32, "documentation", "RFC 3849"},
    {"2001::", 23, "protocol-assignment", "RFC 2928; Teredo (RFC 4380) and ORCHID (RFC 7343) are in it"},
    {"3fff::", 20, "documentation", "RFC 9637"},
    {"5f00::", 16, "segment-routing", "RFC 9602"},
    {"fd00:ec2::254", 128, "cloud metadata", "hands out credentials on one cloud"},
    {"fc00::", 7, "private", "RFC 4193"},
    {"fe80::", 10, "link-local", "RFC 4291 §2.5.6"},
    {"fec0::", 10, "site-local", "RFC 3879: deprecated"},
    {"ff00::", 8, "multicast", "RFC 4291 §2.7"},
};

// nullptr: an ordinary public address. An IPv4 address inside an IPv6 one (mapped, NAT64 64:ff9b::/96, 6to4)
// is judged by itself. IPv6 outside 2000::/3 is not handed out to anybody (RFC 4291 §2.4) and counts as
// reserved.
const Range* special_range(const Address& address);
// An address literal of this host's own: 127.0.0.0/8 or ::1, never a name.
bool is_loopback(std::string_view host);

}  // namespace pawl::egress
