#include "supervisor/egress/dial_target.hpp"

#include <algorithm>

namespace pawl::egress {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<> check_name(std::string_view name) {
  const std::string shown = name.size() <= 253 ? std::string(name) : "the host";
  if (name.empty() || name.size() > 253)
    return refuse("the host's name is empty or longer than 253 characters");
  std::size_t label = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      if (label == 0 || label > 63) return refuse("not a DNS name: an empty or over-long label");
      label = 0;
    } else {
      if (!is_name_character(name[i])) return refuse("not a DNS name: a character that no name has");
      ++label;
    }
  }
  // inet_aton(3) reads "127.1", "0x7f.1" and "2130706433"; no top-level domain begins with a digit.
  const std::string_view last = name.substr(name.rfind('.') + 1);  // npos + 1 is 0
  if (is_digit(last.front())) return refuse(shown + " is neither a DNS name nor a plain address");
  return {};
}

Result<std::vector<Address>> read_listed(std::span<const std::string> listed) {
  std::vector<Address> addresses;
  for (const std::string& text : listed) {
    const std::optional<Address> address = parse_address(text);
    if (!address) return refuse("the listed address " + text + " is not an address");
    addresses.push_back(*address);
  }
  return addresses;
}

Result<std::vector<Address>> permitted(const std::string& host, std::span<const Address> resolved,
                                       std::span<const Address> listed) {
  std::vector<Address> good;
  std::string refused;
  for (const Address& address : resolved) {
    const Range* range = special_range(address);
    if (range == nullptr || std::ranges::find(listed, address) != listed.end()) {
      good.push_back(address);
    } else if (refused.empty()) {
      refused = "the " + std::string(range->kind) + " address " + to_text(address);
    }
  }
  if (!good.empty()) return good;
  if (resolved.empty()) return refuse(host + " does not resolve");
  return refuse(host + " resolves to " + refused + ", which the policy does not list");
}

}  // namespace pawl::egress
