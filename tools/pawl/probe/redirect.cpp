// nftables as pawl's egress needs it: a rule in the sandbox's own network namespace that leads every TCP
// connection to a listener, by plain netlink (nfnetlink, linux/netfilter/nf_tables.h). Runs in pawl-probe.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstring>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/netns.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

constexpr std::uint16_t kPort = 7341;     // where the listener is
constexpr std::uint16_t kNowhere = 7399;  // where nothing listens
constexpr char kElsewhere[] = "127.0.0.2";
constexpr char kTable[] = "pawl-probe";
constexpr char kChain[] = "out";
constexpr std::int32_t kBeforeRouting = -100;  // NF_IP_PRI_NAT_DST

// One netlink message after the other, attributes nested as they are opened.
class Batch {
 public:
  void begin(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource) {
    message_ = bytes_.size();
    const nlmsghdr header{0, type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags), ++sequence_, 0};
    const nfgenmsg what{family, NFNETLINK_V0, htons(resource)};
    append(&header, sizeof(header));
    append(&what, sizeof(what));
  }
  void begin_nft(std::uint16_t type, std::uint16_t flags) {
    begin(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
  }
  void end() { set_length<std::uint32_t>(message_); }

  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    const nlattr header{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
    append(&header, sizeof(header));
    return at;
  }
  void close(std::size_t at) { set_length<std::uint16_t>(at); }

  void put(std::uint16_t type, const void* value, std::size_t size) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
    append(&header, sizeof(header));
    append(value, size);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
  }
  void put(std::uint16_t type, const char* text) { put(type, text, std::strlen(text) + 1); }
  void put(std::uint16_t type, std::uint32_t number) {
    const std::uint32_t wire = htonl(number);
    put(type, &wire, sizeof(wire));
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  void append(const void* data, std::size_t size) {
    const auto* const from = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }
  template <class Length>
  void set_length(std::size_t at) {
    const auto length = static_cast<Length>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof(length));
  }

  Bytes bytes_;
  std::size_t message_ = 0;
  std::uint32_t sequence_ = 0;
};

// One expression of a rule: its name, and what it is given.
template <class Fill>
void add_expression(Batch& batch, const char* name, const Fill& fill) {
  const std::size_t element = batch.open(NFTA_LIST_ELEM);
  batch.put(NFTA_EXPR_NAME, name);
  const std::size_t data = batch.open(NFTA_EXPR_DATA);
  fill();
  batch.close(data);
  batch.close(element);
}

void add_value(Batch& batch, std::uint16_t type, const void* value, std::size_t size) {
  const std::size_t data = batch.open(type);
  batch.put(NFTA_DATA_VALUE, value, size);
  batch.close(data);
}

void add_table(Batch& batch) {
  batch.begin_nft(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  batch.put(NFTA_TABLE_NAME, kTable);
  batch.end();
}

// type nat hook output priority -100
void add_chain(Batch& batch) {
  batch.begin_nft(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  batch.put(NFTA_CHAIN_TABLE, kTable);
  batch.put(NFTA_CHAIN_NAME, kChain);
  const std::size_t hook = batch.open(NFTA_CHAIN_HOOK);
  batch.put(NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
  batch.put(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(kBeforeRouting));
  batch.close(hook);
  batch.put(NFTA_CHAIN_TYPE, "nat");
  batch.end();
}

// meta l4proto tcp redirect to :7341
void add_rule(Batch& batch) {
  batch.begin_nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  batch.put(NFTA_RULE_TABLE, kTable);
  batch.put(NFTA_RULE_CHAIN, kChain);
  const std::size_t expressions = batch.open(NFTA_RULE_EXPRESSIONS);
  add_expression(batch, "meta", [&] {
    batch.put(NFTA_META_DREG, NFT_REG_1);
    batch.put(NFTA_META_KEY, NFT_META_L4PROTO);
  });
  add_expression(batch, "cmp", [&] {
    const std::uint8_t tcp = IPPROTO_TCP;
    batch.put(NFTA_CMP_SREG, NFT_REG_1);
    batch.put(NFTA_CMP_OP, NFT_CMP_EQ);
    add_value(batch, NFTA_CMP_DATA, &tcp, sizeof(tcp));
  });
  add_expression(batch, "immediate", [&] {
    const std::uint16_t port = htons(kPort);
    batch.put(NFTA_IMMEDIATE_DREG, NFT_REG_1);
    add_value(batch, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
  });
  add_expression(batch, "redir", [&] { batch.put(NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1); });
  batch.close(expressions);
  batch.end();
}

void add_marker(Batch& batch, std::uint16_t type) {
  batch.begin(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  batch.end();
}

// 0, or the errno with which the kernel refused one of the messages.
int answers(const UniqueFd& netlink, unsigned expected) {
  alignas(nlmsghdr) char buffer[8192];
  for (unsigned heard = 0; heard < expected;) {
    const ssize_t size = ::recv(netlink.get(), buffer, sizeof(buffer), 0);
    if (size < 0) return errno;
    auto left = static_cast<std::uint32_t>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type != NLMSG_ERROR) return EPROTO;
      const auto* const answer = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
      if (answer->error != 0) return -answer->error;
      ++heard;
    }
  }
  return 0;
}

// The messages in between are a transaction: all of them or none.
template <class Fill>
Result<> commit(const char* step, const Fill& fill) {
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!netlink) return failed("open nfnetlink");
  const timeval patience{3, 0};
  ::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  Batch batch;
  add_marker(batch, NFNL_MSG_BATCH_BEGIN);
  fill(batch);
  // The last message asks for an answer; one that is refused is answered without asking.
  batch.begin_nft(NFT_MSG_NEWTABLE, NLM_F_ACK);
  batch.put(NFTA_TABLE_NAME, kTable);
  batch.end();
  add_marker(batch, NFNL_MSG_BATCH_END);
  if (::send(netlink.get(), batch.bytes().data(), batch.bytes().size(), 0) < 0) return failed(step);
  if (const int errnum = answers(netlink, 1); errnum != 0) return failed(step, errnum);
  return {};
}

bool connects(const char* address, std::uint16_t port) {
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  return ::inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
         ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
}

void add_redirect(Batch& batch) {
  add_table(batch);
  add_chain(batch);
  add_rule(batch);
}

Result<> redirect_inside(const Ground& ground) {
  TRY(sandbox::bring_loopback_up());
  const std::uint16_t ports[] = {kPort};
  const auto listeners = TRY(sandbox::listen_on_loopback(ports));
  if (connects(kElsewhere, kNowhere)) return failed("find a port that nothing listens on", EADDRINUSE);
  TRY(commit("make a redirect rule", add_redirect));
  if (!connects(kElsewhere, kNowhere))
    return got_through("a redirect rule was accepted, and connections are not redirected");
  // As the session, whose user namespace does not own the network.
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, 0));
    if (commit("", [](Batch&) {}))
      return got_through("a nested user namespace may change the rules of the network");
    return {};
  });
}

}  // namespace

Result<> try_redirect(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNET));
    return redirect_inside(ground);
  });
}

}  // namespace pawl::probe
