#include "supervisor/policy/provider.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

namespace pawl::policy {
namespace {

constexpr Provider table[] = {
    {.name = "anthropic",
     .upstream = "https://api.anthropic.com",
     .base_url_variable = "ANTHROPIC_BASE_URL",
     .base_url_suffix = "",
     .key_variable = "ANTHROPIC_API_KEY",
     .placeholder_prefix = "sk-ant-api03-",
     .placeholder_length = 95,
     .credential_header = "x-api-key",
     .credential_prefix = ""},
    {.name = "openai",
     .upstream = "https://api.openai.com",
     .base_url_variable = "OPENAI_BASE_URL",
     .base_url_suffix = "/v1",
     .key_variable = "OPENAI_API_KEY",
     .placeholder_prefix = "sk-",
     .placeholder_length = 48,
     .credential_header = "authorization",
     .credential_prefix = "Bearer "},
    {.name = "gemini",
     .upstream = "https://generativelanguage.googleapis.com",
     .base_url_variable = "GOOGLE_GEMINI_BASE_URL",
     .base_url_suffix = "",
     .key_variable = "GEMINI_API_KEY",
     .placeholder_prefix = "AIza",
     .placeholder_length = 35,
     .credential_header = "x-goog-api-key",
     .credential_prefix = ""},
};

}  // namespace

std::span<const Provider> providers() { return table; }

const Provider* find_provider(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Provider::name);
  return found != std::end(table) ? found : nullptr;
}

std::string make_placeholder(const Provider& provider) {
  // 64 characters, so that a random byte's low six bits choose evenly.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned char random[128];
  // SAFETY: at most 256 bytes, so getrandom(2) neither blocks after boot nor returns short.
  if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) std::abort();
  std::string placeholder(provider.placeholder_prefix);
  for (std::size_t i = 0; i < provider.placeholder_length; ++i) placeholder += alphabet[random[i] & 63];
  return placeholder;
}

}  // namespace pawl::policy
