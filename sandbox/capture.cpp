#include "sandbox/capture.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sandbox/netns.hpp"
#include "sandbox/nftables.hpp"
#include "sandbox/proc_file.hpp"

namespace pawl::sandbox {
namespace {

constexpr char kUntracked[] = "untracked";
constexpr char kRedirected[] = "redirected";
constexpr char kRefused[] = "refused";
constexpr std::int32_t kBeforeTracking = -300;       // NF_IP_PRI_RAW
constexpr std::int32_t kBeforeRouting = -100;        // NF_IP_PRI_NAT_DST
constexpr std::uint16_t kDns = 53;                   // RFC 1035
constexpr std::uint8_t kLoopbackNet = 127;           // RFC 1122, 127.0.0.0/8
constexpr std::uint32_t kStubResolver = 0x7f000035;  // 127.0.0.53, systemd-resolved(8)
// RFC 2544's, which no host has: a source address of more than the host's scope, or IPv4 connections have
// none.
constexpr std::uint32_t kSource = 0xc6120001;   // 198.18.0.1
constexpr std::uint32_t kConnections = 20'000;  // a second; one after another a processor makes fewer
constexpr std::uint32_t kQuestions = 2'000;     // a second
constexpr std::uint32_t kGoingOn = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);

// ---- addresses and routes (rtnetlink(7)) ----

template <class Number>
void put_number(NetlinkMessages& messages, std::uint16_t type, Number number) {
  messages.put(type, &number, sizeof(number));
}

void add_address(NetlinkMessages& messages) {
  constexpr std::uint8_t whole = 32;  // bits
  messages.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
                 ifaddrmsg{AF_INET, whole, 0, RT_SCOPE_UNIVERSE, kLoopbackIndex});
  put_number(messages, IFA_LOCAL, htonl(kSource));
  put_number(messages, IFA_ADDRESS, htonl(kSource));
  messages.end();
}

void add_default_route(NetlinkMessages& messages, std::uint8_t family) {
  rtmsg route{};
  route.rtm_family = family;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_BOOT;
  route.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  route.rtm_type = RTN_UNICAST;
  messages.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  put_number(messages, RTA_OIF, std::uint32_t{kLoopbackIndex});
  messages.end();
}

enum class Ipv6 : std::uint8_t { absent, present };

// All addresses lead to the loopback interface.
Result<> add_routes(Ipv6 ipv6) {
  NetlinkMessages messages;
  add_address(messages);
  add_default_route(messages, AF_INET);
  if (ipv6 == Ipv6::present) add_default_route(messages, AF_INET6);
  messages.ask_for_answer();
  return send_netlink(NETLINK_ROUTE, messages, "lead all addresses to loopback");
}

// ---- rules ----

template <class Narrow, class Act>
void rule(NftTable& table, const char* chain, const Narrow& narrow, const Act& act) {
  table.begin_rule(chain);
  narrow();
  act();
  table.end_rule();
}

// One rule for each address that is the sandbox's own.
template <class Act>
void rules_for_own_addresses(NftTable& table, const char* chain, const Act& act) {
  const std::uint32_t source = htonl(kSource);
  rule(table, chain, [&] { table.to_address(NFPROTO_IPV4, &kLoopbackNet, sizeof(kLoopbackNet)); }, act);
  rule(table, chain, [&] { table.to_address(NFPROTO_IPV4, &source, sizeof(source)); }, act);
  rule(
      table, chain, [&] { table.to_address(NFPROTO_IPV6, &in6addr_loopback, sizeof(in6addr_loopback)); },
      act);
}

void to_stub_resolver(NftTable& table, std::uint8_t protocol) {
  const std::uint32_t stub = htonl(kStubResolver);
  table.to_address(NFPROTO_IPV4, &stub, sizeof(stub));
  table.of_protocol(protocol);
  table.to_port(kDns);
}

// Connections within the sandbox need no table of connections, which the kernel keeps in memory that no limit
// of the session counts. What is redirected does, in both directions.
void add_untracked(NftTable& table) {
  const auto tracked = [&](const auto& narrow) { rule(table, kUntracked, narrow, [&] { table.go_back(); }); };
  tracked([&] { table.of_protocol(IPPROTO_TCP), table.from_port(kCapturedTcpPort); });
  tracked([&] { table.of_protocol(IPPROTO_UDP), table.from_port(kCapturedDnsPort); });
  tracked([&] { to_stub_resolver(table, IPPROTO_TCP); });
  tracked([&] { to_stub_resolver(table, IPPROTO_UDP); });
  rules_for_own_addresses(table, kUntracked, [&] { table.leave_untracked(); });
}

void add_redirections(NftTable& table) {
  const auto add = [&](const auto& narrow, const auto& act) { rule(table, kRedirected, narrow, act); };
  const auto to_tcp_listener = [&] { table.redirect(kCapturedTcpPort); };
  const auto to_dns_listener = [&] { table.redirect(kCapturedDnsPort); };
  add([&] { to_stub_resolver(table, IPPROTO_TCP); }, to_tcp_listener);
  add([&] { to_stub_resolver(table, IPPROTO_UDP); }, to_dns_listener);
  rules_for_own_addresses(table, kRedirected, [&] { table.go_back(); });
  add([&] { table.of_protocol(IPPROTO_TCP); }, to_tcp_listener);
  add([&] { table.of_protocol(IPPROTO_UDP), table.to_port(kDns); }, to_dns_listener);
}

void begins_faster_than(NftTable& table, std::uint32_t per_second) {
  table.with_conntrack(NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW));
  table.when_faster_than(per_second);
}

void add_refusals(NftTable& table) {
  const auto add = [&](const auto& narrow, const auto& act) { rule(table, kRefused, narrow, act); };
  const auto everything = [] {};
  const auto accept = [&] { table.accept(); };
  const auto reset = [&] { table.refuse_by_reset(); };
  // SAFETY: the kernel's memory for connections, which no limit of the session counts, is bounded by how fast
  // they may begin and how soon they are forgotten (set_timeouts()). A full table would drop others without
  // an answer.
  add([&] { table.of_protocol(IPPROTO_TCP), begins_faster_than(table, kConnections); }, reset);
  add([&] { table.of_protocol(IPPROTO_UDP), begins_faster_than(table, kQuestions); },
      [&] { table.refuse_by_icmp(NFT_REJECT_ICMPX_ADMIN_PROHIBITED); });
  add([&] { table.with_conntrack(NFT_CT_STATUS, IPS_DST_NAT); }, accept);
  add([&] { table.with_conntrack(NFT_CT_STATE, kGoingOn); }, accept);
  // SAFETY: a listener that is dialled directly would take its own address for where the connection was to
  // go.
  add([&] { table.of_protocol(IPPROTO_TCP), table.to_port(kCapturedTcpPort); }, reset);
  add([&] { table.of_protocol(IPPROTO_UDP), table.to_port(kCapturedDnsPort); },
      [&] { table.refuse_by_icmp(NFT_REJECT_ICMPX_PORT_UNREACH); });
  rules_for_own_addresses(table, kRefused, accept);
  // Redirected was all of TCP that begins; what is left belongs to no connection.
  add([&] { table.of_protocol(IPPROTO_TCP); }, reset);
  add(everything, [&] { table.refuse_by_icmp(NFT_REJECT_ICMPX_ADMIN_PROHIBITED); });
}

Result<> add_rules() {
  NftTable table("pawl");
  table.add({kUntracked, "filter", kBeforeTracking, NftPolicy::accept});
  table.add({kRedirected, "nat", kBeforeRouting, NftPolicy::accept});
  table.add({kRefused, "filter", 0, NftPolicy::drop});
  add_untracked(table);
  add_redirections(table);
  add_refusals(table);
  return table.commit("make the rules that capture connections");
}

// A connection whose client has sent all that it will is remembered as long as one that goes on: its answer
// may take its time, and would lead nowhere afterwards. What is over is forgotten soon: the same client dials
// thousands of times.
Result<> set_timeouts() {
  constexpr std::pair<const char*, const char*> settings[] = {
      // seconds
      {"tcp_timeout_close_wait", "432000"}, {"tcp_timeout_fin_wait", "432000"},
      {"tcp_timeout_time_wait", "2"},       {"tcp_timeout_syn_sent", "5"},
      {"tcp_timeout_syn_recv", "5"},        {"udp_timeout", "10"},
      {"udp_timeout_stream", "10"}};
  for (const auto& [name, seconds] : settings) {
    const std::string path = std::string("/proc/sys/net/netfilter/nf_conntrack_") + name;
    if (const int error = write_proc_file(path.c_str(), seconds); error != 0)
      return std::unexpected(
          failed("write " + path, error)
              .error()
              .advising("where /proc/sys is read-only, connections cannot be captured: in a "
                        "container, mount it writable"));
  }
  return {};
}

}  // namespace

Result<std::vector<UniqueFd>> capture_traffic() {
  std::vector<UniqueFd> listeners;
  listeners.push_back(TRY(listen_on_loopback(AF_INET, SOCK_STREAM, kCapturedTcpPort)));
  listeners.push_back(TRY(listen_on_loopback(AF_INET, SOCK_DGRAM, kCapturedDnsPort)));
  auto over_ipv6 = listen_on_loopback(AF_INET6, SOCK_STREAM, kCapturedTcpPort);
  const bool absent =
      !over_ipv6 && (over_ipv6.error().errnum == EAFNOSUPPORT || over_ipv6.error().errnum == EADDRNOTAVAIL);
  if (!absent) {
    listeners.push_back(TRY(std::move(over_ipv6)));
    listeners.push_back(TRY(listen_on_loopback(AF_INET6, SOCK_DGRAM, kCapturedDnsPort)));
  }
  TRY(add_rules());
  TRY(set_timeouts());
  TRY(add_routes(absent ? Ipv6::absent : Ipv6::present));
  return listeners;
}

}  // namespace pawl::sandbox
