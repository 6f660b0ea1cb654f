// Messages of netlink(7), written one behind the other and sent as one. Runs in the launcher and in
// pawl-probe.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::sandbox {

class NetlinkMessages {
 public:
  // A message up to end(): what its kind begins with, such as ifinfomsg, then attributes.
  template <class Body>
  void begin(std::uint16_t type, std::uint16_t flags, const Body& body) {
    message_ = bytes_.size();
    const nlmsghdr header{0, type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags), ++sequence_, 0};
    append(&header, sizeof(header));
    append(&body, sizeof(body));
  }
  void end();
  // Of the message that ended last; one that is refused is answered without asking.
  void ask_for_answer();

  // An attribute that holds others, up to close() with what open() gave.
  std::size_t open(std::uint16_t type);
  void close(std::size_t at);
  void put(std::uint16_t type, const void* value, std::size_t size);
  void put(std::uint16_t type, const char* text) { put(type, text, std::strlen(text) + 1); }

  const Bytes& bytes() const { return bytes_; }
  // Of the message that asked for an answer.
  std::uint32_t awaited() const { return awaited_; }

 private:
  void append(const void* data, std::size_t size);
  template <class Length>
  void set_length(std::size_t at) {
    const auto length = static_cast<Length>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof(length));
  }

  Bytes bytes_;
  std::size_t message_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t awaited_ = 0;
};

// Sends them over `protocol`, such as NETLINK_ROUTE, and waits for the answer that one of them asked for. The
// first refusal, with the kernel's errno, is the result.
Result<> send_netlink(int protocol, const NetlinkMessages& messages, const std::string& step);

}  // namespace pawl::sandbox
