#include "sandbox/nftables.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>

namespace pawl::sandbox {
namespace {

constexpr std::uint32_t kRegister = NFT_REG_1;
constexpr std::uint32_t kProtocolSpecified = 2;                 // NF_NAT_RANGE_PROTO_SPECIFIED
constexpr std::uint32_t kSourcePort = 0, kDestinationPort = 2;  // where they are in TCP's and UDP's headers

nfgenmsg family_and_resource(std::uint8_t family, std::uint16_t resource) {
  return {family, NFNETLINK_V0, htons(resource)};
}

void mark(NetlinkMessages& messages, std::uint16_t type) {
  messages.begin(type, 0, family_and_resource(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  messages.end();
}

}  // namespace

NftTable::NftTable(const char* name) : name_(name) {
  mark(messages_, NFNL_MSG_BATCH_BEGIN);
  begin(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  messages_.put(NFTA_TABLE_NAME, name_);
  messages_.end();
}

void NftTable::begin(std::uint16_t type, std::uint16_t flags) {
  messages_.begin(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
                  family_and_resource(NFPROTO_INET, 0));
}

// Numbers are in network order here.
void NftTable::number(std::uint16_t type, std::uint32_t value) {
  const std::uint32_t wire = htonl(value);
  messages_.put(type, &wire, sizeof(wire));
}

void NftTable::value(std::uint16_t type, const void* bytes, std::size_t size) {
  const std::size_t data = messages_.open(type);
  messages_.put(NFTA_DATA_VALUE, bytes, size);
  messages_.close(data);
}

void NftTable::add(const Chain& chain) {
  begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  messages_.put(NFTA_CHAIN_TABLE, name_);
  messages_.put(NFTA_CHAIN_NAME, chain.name);
  const std::size_t hook = messages_.open(NFTA_CHAIN_HOOK);
  number(NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
  number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  messages_.close(hook);
  number(NFTA_CHAIN_POLICY, static_cast<std::uint32_t>(chain.policy));
  messages_.put(NFTA_CHAIN_TYPE, chain.type);
  messages_.end();
}

void NftTable::begin_rule(const char* chain) {
  begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  messages_.put(NFTA_RULE_TABLE, name_);
  messages_.put(NFTA_RULE_CHAIN, chain);
  expressions_ = messages_.open(NFTA_RULE_EXPRESSIONS);
}

void NftTable::end_rule() {
  messages_.close(expressions_);
  messages_.end();
}

template <class Fill>
void NftTable::expression(const char* name, const Fill& fill) {
  const std::size_t element = messages_.open(NFTA_LIST_ELEM);
  messages_.put(NFTA_EXPR_NAME, name);
  const std::size_t data = messages_.open(NFTA_EXPR_DATA);
  fill();
  messages_.close(data);
  messages_.close(element);
}

void NftTable::load_meta(std::uint32_t key) {
  expression("meta", [&] {
    number(NFTA_META_DREG, kRegister);
    number(NFTA_META_KEY, key);
  });
}

void NftTable::load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
  expression("payload", [&] {
    number(NFTA_PAYLOAD_DREG, kRegister);
    number(NFTA_PAYLOAD_BASE, base);
    number(NFTA_PAYLOAD_OFFSET, offset);
    number(NFTA_PAYLOAD_LEN, size);
  });
}

void NftTable::compare(std::uint32_t operation, const void* bytes, std::size_t size) {
  expression("cmp", [&] {
    number(NFTA_CMP_SREG, kRegister);
    number(NFTA_CMP_OP, operation);
    value(NFTA_CMP_DATA, bytes, size);
  });
}

void NftTable::of_family(std::uint8_t family) {
  load_meta(NFT_META_NFPROTO);
  compare(NFT_CMP_EQ, &family, sizeof(family));
}

void NftTable::of_protocol(std::uint8_t protocol) {
  load_meta(NFT_META_L4PROTO);
  compare(NFT_CMP_EQ, &protocol, sizeof(protocol));
}

void NftTable::port_at(std::uint32_t offset, std::uint16_t port) {
  const std::uint16_t wire = htons(port);
  load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(wire));
  compare(NFT_CMP_EQ, &wire, sizeof(wire));
}

void NftTable::to_port(std::uint16_t port) { port_at(kDestinationPort, port); }
void NftTable::from_port(std::uint16_t port) { port_at(kSourcePort, port); }

void NftTable::to_address(std::uint8_t family, const void* bytes, std::size_t size) {
  constexpr std::uint32_t in_ipv4 = 16, in_ipv6 = 24;  // where the destination is in the header
  of_family(family);
  load_payload(NFT_PAYLOAD_NETWORK_HEADER, family == NFPROTO_IPV4 ? in_ipv4 : in_ipv6,
               static_cast<std::uint32_t>(size));
  compare(NFT_CMP_EQ, bytes, size);
}

void NftTable::with_conntrack(std::uint32_t key, std::uint32_t bits) {
  constexpr std::uint32_t none = 0;
  expression("ct", [&] {
    number(NFTA_CT_DREG, kRegister);
    number(NFTA_CT_KEY, key);
  });
  // Registers hold numbers in the host's order.
  expression("bitwise", [&] {
    number(NFTA_BITWISE_SREG, kRegister);
    number(NFTA_BITWISE_DREG, kRegister);
    number(NFTA_BITWISE_LEN, sizeof(bits));
    value(NFTA_BITWISE_MASK, &bits, sizeof(bits));
    value(NFTA_BITWISE_XOR, &none, sizeof(none));
  });
  compare(NFT_CMP_NEQ, &none, sizeof(none));
}

void NftTable::when_faster_than(std::uint32_t packets) {
  const auto long_number = [&](std::uint16_t type, std::uint64_t value) {
    const std::uint64_t wire = htobe64(value);
    messages_.put(type, &wire, sizeof(wire));
  };
  expression("limit", [&] {
    long_number(NFTA_LIMIT_RATE, packets);
    long_number(NFTA_LIMIT_UNIT, 1);  // second
    number(NFTA_LIMIT_BURST, packets);
    number(NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
    number(NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
  });
}

void NftTable::leave_untracked() {
  expression("notrack", [] {});
}

void NftTable::verdict(std::int32_t code) {
  expression("immediate", [&] {
    number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const std::size_t data = messages_.open(NFTA_IMMEDIATE_DATA);
    const std::size_t inner = messages_.open(NFTA_DATA_VERDICT);
    number(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    messages_.close(inner);
    messages_.close(data);
  });
}

void NftTable::accept() { verdict(NF_ACCEPT); }
void NftTable::go_back() { verdict(NFT_RETURN); }

void NftTable::redirect(std::uint16_t port) {
  const std::uint16_t wire = htons(port);
  expression("immediate", [&] {
    number(NFTA_IMMEDIATE_DREG, kRegister);
    value(NFTA_IMMEDIATE_DATA, &wire, sizeof(wire));
  });
  expression("redir", [&] {
    number(NFTA_REDIR_REG_PROTO_MIN, kRegister);
    number(NFTA_REDIR_FLAGS, kProtocolSpecified);
  });
}

void NftTable::refuse_by_reset() {
  expression("reject", [&] { number(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST); });
}

void NftTable::refuse_by_icmp(std::uint8_t code) {
  expression("reject", [&] {
    number(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
    messages_.put(NFTA_REJECT_ICMP_CODE, &code, sizeof(code));
  });
}

Result<> NftTable::commit(const std::string& step) {
  messages_.ask_for_answer();
  mark(messages_, NFNL_MSG_BATCH_END);
  return send_netlink(NETLINK_NETFILTER, messages_, step);
}

Result<> touch_nft_table(const char* name) { return NftTable(name).commit("change rules of the network"); }

}  // namespace pawl::sandbox
