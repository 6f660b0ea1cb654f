// A table of nftables, written as the kernel reads it (nfnetlink, linux/netfilter/nf_tables.h). Runs in the
// launcher and in pawl-probe.
#pragma once

#include <netinet/in.h>
// after the C library's own
#include <linux/netfilter.h>

#include <cstdint>
#include <string>

#include "sandbox/netlink.hpp"

namespace pawl::sandbox {

enum class NftPolicy : std::uint32_t { drop = NF_DROP, accept = NF_ACCEPT };

// One table of the family inet and its chains on what the sandbox sends. It is made in the network namespace
// that the calling thread is in, as a whole or not at all, by commit().
class NftTable {
 public:
  explicit NftTable(const char* name);

  struct Chain {
    const char* name;
    const char* type;  // "nat" or "filter"
    std::int32_t priority;
    NftPolicy policy;
  };
  void add(const Chain& chain);

  // A rule of a chain, up to end_rule(): each expression narrows it, the last says what becomes of the
  // packet.
  void begin_rule(const char* chain);
  void end_rule();

  // Narrowing: the protocol (IPPROTO_…), the port, the first bytes of the destination (NFPROTO_IPV4 or
  // _IPV6).
  void of_protocol(std::uint8_t protocol);
  void to_port(std::uint16_t port);
  void from_port(std::uint16_t port);
  void to_address(std::uint8_t family, const void* bytes, std::size_t size);
  // Any of these bits is set in what conntrack knows: NFT_CT_STATUS or NFT_CT_STATE.
  void with_conntrack(std::uint32_t key, std::uint32_t bits);
  // More than so many packets a second come to this rule; as many may come at once.
  void when_faster_than(std::uint32_t packets);

  void accept();
  // Nothing more of this chain is looked at; its policy holds.
  void go_back();
  // Conntrack does not look at it.
  void leave_untracked();
  // To this port of the loopback address.
  void redirect(std::uint16_t port);
  void refuse_by_reset();
  void refuse_by_icmp(std::uint8_t code);  // NFT_REJECT_ICMPX_…

  Result<> commit(const std::string& step);

 private:
  void begin(std::uint16_t type, std::uint16_t flags);
  void number(std::uint16_t type, std::uint32_t value);
  void value(std::uint16_t type, const void* bytes, std::size_t size);
  void of_family(std::uint8_t family);
  void load_meta(std::uint32_t key);
  void load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size);
  void port_at(std::uint32_t offset, std::uint16_t port);
  void compare(std::uint32_t operation, const void* bytes, std::size_t size);
  void verdict(std::int32_t code);
  template <class Fill>
  void expression(const char* name, const Fill& fill);

  const char* name_;
  NetlinkMessages messages_;
  std::size_t expressions_ = 0;
};

// Fails where the rules of the network cannot be changed from here.
Result<> touch_nft_table(const char* name);

}  // namespace pawl::sandbox
