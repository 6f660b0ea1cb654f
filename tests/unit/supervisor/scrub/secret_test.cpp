#include "supervisor/scrub/secret.hpp"

#include <catch2/catch.hpp>

using pawl::scrub::Secret;

TEST_CASE("a text that a secret took over leaves nothing behind", "[scrub]") {
  std::string text(64, 'k');
  const char* where = text.data();
  const Secret secret = Secret::take(text);
  CHECK(secret.reveal() == std::string(64, 'k'));
  CHECK(text.empty());
  CHECK(std::string_view(where, 64).find('k') == std::string_view::npos);
}
