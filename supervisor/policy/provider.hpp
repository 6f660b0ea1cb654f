// The model vendors whose protocol pawl can route: where they live, how a program is pointed elsewhere, and
// in which slot the credential travels. Pure data; the egress side and the session's environment both read
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pawl::policy {

struct Provider {
  std::string_view name;                // "anthropic": the value of `api`, and the route's default name
  std::string_view upstream;            // "https://api.anthropic.com"
  std::string_view base_url_variable;   // "ANTHROPIC_BASE_URL"
  std::string_view base_url_suffix;     // what the vendor's clients expect behind the origin: "/v1" or ""
  std::string_view key_variable;        // "ANTHROPIC_API_KEY"
  std::string_view placeholder_prefix;  // "sk-ant-api03-"
  std::size_t placeholder_length;       // characters behind the prefix
  std::string_view credential_header;   // lower case: "x-api-key"
  std::string_view credential_prefix;   // what stands before the value: "Bearer " or ""
};

std::span<const Provider> providers();
// nullptr: none of that name.
const Provider* find_provider(std::string_view name);

// A random stand-in for the vendor's key, shaped like one (getrandom(2)). It is worth nothing anywhere.
std::string make_placeholder(const Provider& provider);

}  // namespace pawl::policy
