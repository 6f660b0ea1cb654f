#include "sandbox/netlink.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <optional>
#include <span>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {
namespace {

constexpr timeval kPatience{3, 0};      // the kernel answers while it is asked
constexpr std::size_t kAnswers = 8192;  // bytes

// 0, or the errno of the first refusal; nothing while neither it nor the awaited answer came.
std::optional<int> outcome_in(std::span<const std::uint8_t> answers, std::uint32_t awaited) {
  auto left = static_cast<std::uint32_t>(answers.size());
  for (const auto* message = reinterpret_cast<const nlmsghdr*>(answers.data()); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type != NLMSG_ERROR) return EPROTO;
    const auto* const answer = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
    if (answer->error != 0) return -answer->error;
    if (message->nlmsg_seq == awaited) return 0;
  }
  return std::nullopt;
}

}  // namespace

void NetlinkMessages::end() { set_length<std::uint32_t>(message_); }

void NetlinkMessages::ask_for_answer() {
  nlmsghdr header{};
  std::memcpy(&header, bytes_.data() + message_, sizeof(header));
  header.nlmsg_flags |= NLM_F_ACK;
  std::memcpy(bytes_.data() + message_, &header, sizeof(header));
  awaited_ = sequence_;
}

std::size_t NetlinkMessages::open(std::uint16_t type) {
  const std::size_t at = bytes_.size();
  const nlattr header{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
  append(&header, sizeof(header));
  return at;
}

void NetlinkMessages::close(std::size_t at) { set_length<std::uint16_t>(at); }

void NetlinkMessages::put(std::uint16_t type, const void* value, std::size_t size) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
  append(&header, sizeof(header));
  append(value, size);
  bytes_.resize((bytes_.size() + NLA_ALIGNTO - 1) & ~std::size_t{NLA_ALIGNTO - 1});
}

void NetlinkMessages::append(const void* data, std::size_t size) {
  const auto* const from = static_cast<const std::uint8_t*>(data);
  bytes_.insert(bytes_.end(), from, from + size);
}

Result<> send_netlink(int protocol, const NetlinkMessages& messages, const std::string& step) {
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!netlink) return failed(step + ": netlink socket");
  ::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  if (::send(netlink.get(), messages.bytes().data(), messages.bytes().size(), 0) < 0) return failed(step);
  for (;;) {
    alignas(nlmsghdr) std::array<std::uint8_t, kAnswers> answers;
    const ssize_t size = ::recv(netlink.get(), answers.data(), answers.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(step);
    const auto outcome =
        outcome_in(std::span(answers).first(static_cast<std::size_t>(size)), messages.awaited());
    if (outcome && *outcome != 0) return failed(step, *outcome);
    if (outcome) return {};
  }
}

}  // namespace pawl::sandbox
