#include "supervisor/egress/address.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;

namespace {

std::string kind(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return "not an address";
  const Range* range = special_range(*address);
  return range == nullptr ? "public" : std::string(range->kind);
}

// One address before, the first, the last, one after.
struct Boundary {
  const char* before;
  const char* first;
  const char* last;
  const char* after;
  const char* kind;
};

constexpr Boundary kBoundaries[] = {
    {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0", "unspecified"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "private"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "carrier-internal"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", "loopback"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", "link-local"},
    {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17", "cloud metadata"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "private"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", "protocol-assignment"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", "documentation"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", "6to4-relay"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", "private"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", "benchmark"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", "documentation"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", "documentation"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr, "multicast"},
    {nullptr, "240.0.0.0", "255.255.255.254", nullptr, "reserved"},
    {nullptr, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", nullptr, "local NAT64"},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::", "protocol-assignment"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db9::", "documentation"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::", "documentation"},
    {nullptr, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "private"},
    {nullptr, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "link-local"},
    {nullptr, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "site-local"},
    {nullptr, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "multicast"},
};

}  // namespace

TEST_CASE("every special range begins and ends where its RFC says", "[egress][address]") {
  for (const Boundary& row : kBoundaries) {
    INFO(row.first);
    CHECK(kind(row.first) == row.kind);
    CHECK(kind(row.last) == row.kind);
    if (row.before != nullptr) CHECK(kind(row.before) == "public");
    if (row.after != nullptr) CHECK(kind(row.after) == "public");
  }
}

TEST_CASE("every row of the range table is a network that parses and is found by its own address",
          "[egress][address]") {
  for (const Range& range : kSpecialRanges) {
    INFO(range.network);
    const auto address = parse_address(range.network);
    REQUIRE(address);
    const Range* found = special_range(*address);
    REQUIRE(found != nullptr);
    CHECK(found->prefix >= range.prefix);
    CHECK_FALSE(range.source.empty());
  }
}

TEST_CASE("metadata services are named as such", "[egress][address]") {
  CHECK(kind("169.254.169.254") == "cloud metadata");
  CHECK(kind("fd00:ec2::254") == "cloud metadata");
  CHECK(kind("255.255.255.255") == "broadcast");
}

TEST_CASE("ordinary addresses are public", "[egress][address]") {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "160.79.104.10", "2606:4700:4700::1111", "2a00:1450:4001::1"})
    CHECK(kind(text) == "public");
}

TEST_CASE("an IPv4 address inside an IPv6 one is judged by itself", "[egress][address]") {
  CHECK(kind("::ffff:10.1.2.3") == "private");
  CHECK(kind("::ffff:127.0.0.1") == "loopback");
  CHECK(kind("::ffff:8.8.8.8") == "public");
  CHECK(kind("64:ff9b::169.254.169.254") == "cloud metadata");
  CHECK(kind("64:ff9b::8.8.8.8") == "public");
  CHECK(kind("2002:7f00:1::1") == "loopback");
  CHECK(kind("2002:c0a8:101::1") == "private");
  CHECK(kind("2002:808:808::1") == "public");
  CHECK(kind("::127.0.0.1") == "IPv4-compatible");
}

TEST_CASE("IPv6 that nobody was given is reserved", "[egress][address]") {
  for (const char* text : {"1fff::1", "4000::1", "8000::1", "e000::1", "::2:0:0:1"})
    CHECK(kind(text) == "reserved");
  CHECK(kind("::") == "unspecified");
  CHECK(kind("::1") == "loopback");
}

TEST_CASE("only one spelling of an address is one", "[egress][address]") {
  for (const char* text : {"127.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.2.3", "1.2.3.4.5",
                           " 1.2.3.4", "fe80::1%eth0", "", "[::1]"})
    CHECK(kind(text) == "not an address");
  CHECK_FALSE(parse_address(std::string_view("1.2.3.4\0x", 9)));
  CHECK(to_text(*parse_address("2001:0DB8:0:0::1")) == "2001:db8::1");
  CHECK(to_text(*parse_address("10.1.2.3")) == "10.1.2.3");
}
