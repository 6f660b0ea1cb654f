// No spelling of a secret that an action is likely to print leaves it.
#include "supervisor/broker/scrub.hpp"

#include <catch2/catch.hpp>

#include "sandbox/base/bytes.hpp"

using namespace pawl;
using broker::scrub;

namespace {
constexpr std::string_view kValue = "t0p/s3cret+\"value\"";
const std::vector<broker::Scrubbed> kSecrets{{"deploy", kValue}};
}  // namespace

TEST_CASE("the raw value is replaced wherever it stands") {
  const std::string text = std::string(kValue) + " and " + std::string(kValue) + "\n";
  CHECK(scrub(text, kSecrets) == "[secret deploy] and [secret deploy]\n");
}

TEST_CASE("its Base64 is replaced at every alignment") {
  for (const std::string before : {"", "u", "us", "user"}) {
    const std::string plain = before + std::string(kValue) + ":tail";
    const std::string clean = scrub(to_base64(as_bytes(plain)), kSecrets);
    INFO(before);
    CHECK(clean.find("[secret deploy]") != std::string::npos);
    // What is left of the encoding does not hold the value's middle any more.
    const std::string core = to_base64(as_bytes(kValue)).substr(4, 12);
    CHECK(clean.find(core) == std::string::npos);
  }
}

TEST_CASE("hexadecimal, URL- and JSON-escaped spellings are replaced") {
  CHECK(scrub(to_hex(as_bytes(kValue)), kSecrets) == "[secret deploy]");
  CHECK(scrub("?token=t0p%2Fs3cret%2B%22value%22&x", kSecrets) == "?token=[secret deploy]&x");
  CHECK(scrub("?token=t0p%2fs3cret%2b%22value%22&x", kSecrets) == "?token=[secret deploy]&x");
  CHECK(scrub(R"({"token":"t0p/s3cret+\"value\""})", kSecrets) == R"({"token":"[secret deploy]"})");
}

TEST_CASE("a value too short to be told from text is left alone") {
  CHECK(scrub("abc abc", {{"tiny", "abc"}}) == "abc abc");
}
