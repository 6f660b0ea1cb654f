#include "supervisor/policy/text.hpp"

#include <catch2/catch.hpp>

#include "sandbox/base/bytes.hpp"
#include "sandbox/limits.hpp"
#include "supervisor/policy/people.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;

TEST_CASE("quoted shows what would act on a terminal") {
  CHECK(quoted("web") == "'web'");
  CHECK(quoted("a\x1b[31m") == "'a\\u{001B}[31m'");
  CHECK(quoted("it's \\") == "'it\\'s \\\\'");
  CHECK(quoted("\xff") == "'\\x{FF}'");
  CHECK(quoted("\xe2\x80\xae") == "'\\u{202E}'");
  CHECK(quoted("größe") == "'größe'");
  CHECK(quoted(std::string(300, 'a')) == "'" + std::string(200, 'a') + "…' (100 bytes more)");
}

TEST_CASE("times and sizes have one form each") {
  CHECK(parse_duration("90s") == std::chrono::seconds(90));
  CHECK(parse_duration("10m") == std::chrono::minutes(10));
  CHECK(parse_duration("2h") == std::chrono::hours(2));
  for (const char* bad : {"", "10", "m", "1.5h", "-1s", "1 h", "1d", "10mm", "99999999999999999999s"})
    CHECK_FALSE(parse_duration(bad));
  CHECK(parse_size("1 MiB") == std::uint64_t{1} << 20);
  CHECK(parse_size("4GiB") == std::uint64_t{4} << 30);
  CHECK(parse_size("100 B") == 100);
  for (const char* bad : {"", "1", "1 MB", "1  KiB", "-1 B", "99999999999 GiB"}) CHECK_FALSE(parse_size(bad));
  CHECK(duration_in_words(std::chrono::seconds(90)) == "90s");
  CHECK(duration_in_words(std::chrono::seconds(7200)) == "2h");
  CHECK(sandbox::size_text(std::uint64_t{3} << 20) == "3 MiB");
  CHECK(sandbox::size_text(1000) == "1000 B");
}

TEST_CASE("paths are absolute, clean and compared by whole segments") {
  for (const char* good : {"/", "/a", "/a/b.c"}) CHECK(clean_absolute(good));
  for (const char* bad : {"", "a", "/a/", "//a", "/a//b", "/a/./b", "/a/..", "/.."})
    CHECK_FALSE(clean_absolute(bad));
  CHECK(lies_within("/a/b", "/a"));
  CHECK(lies_within("/a", "/a"));
  CHECK(lies_within("/a", "/"));
  CHECK_FALSE(lies_within("/ab", "/a"));
  CHECK_FALSE(lies_within("/a", "/a/b"));
}

std::string blob(std::vector<std::string> fields) {
  std::string bytes;
  for (const std::string& field : fields) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(field.size() >> shift);
    bytes += field;
  }
  return to_base64(as_bytes(bytes));
}

TEST_CASE("public keys are taken in one canonical form") {
  const std::string ed = blob({"ssh-ed25519", std::string(32, 'k')});
  CHECK(canonical_key("ssh-ed25519 " + ed + " alice@laptop") == "ssh-ed25519 " + ed);
  CHECK(canonical_key("cert-authority ssh-ed25519 " + ed + " ours") == "cert-authority ssh-ed25519 " + ed);
  const std::string point = "\x04" + std::string(64, 'p');
  CHECK(canonical_key("ecdsa-sha2-nistp256 " + blob({"ecdsa-sha2-nistp256", "nistp256", point})));
  CHECK(canonical_key("sk-ssh-ed25519@openssh.com " +
                      blob({"sk-ssh-ed25519@openssh.com", std::string(32, 'k'), "ssh:"})));
  CHECK(canonical_key("sk-ecdsa-sha2-nistp256@openssh.com " +
                      blob({"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point, "ssh:"})));
  const std::string exponent = "\x01" + std::string("\0\x01", 2);
  CHECK(canonical_key("ssh-rsa " +
                      blob({"ssh-rsa", exponent, std::string(1, '\0') + "\xff" + std::string(255, 'n')})));
}

TEST_CASE("damaged, foreign and short keys are refused") {
  const auto complaint = [](const std::string& line) {
    const auto key = canonical_key(line);
    return key ? std::string() : key.error().trail;
  };
  const std::string ed = blob({"ssh-ed25519", std::string(32, 'k')});
  CHECK_THAT(complaint(""), Contains("not an OpenSSH public key"));
  CHECK_THAT(complaint("ssh-ed25519"), Contains("not an OpenSSH public key"));
  CHECK_THAT(complaint("ssh-dss AAAA"), Contains("key type 'ssh-dss' is not accepted"));
  CHECK_THAT(complaint("cert-authority ssh-ed25519 " + ed.substr(1)), Contains("base64 is damaged"));
  CHECK_THAT(complaint("cert-authority cert-authority ssh-ed25519 " + ed), Contains("is not accepted"));
  CHECK_THAT(complaint("no-touch-required ssh-ed25519 " + ed), Contains("is not accepted"));
  // A host's name is a passkey's application.
  for (const std::string application : {"", "pawl.example.com", "ssh", "ssh: ", "ssh:\n"})
    CHECK_THAT(complaint("sk-ssh-ed25519@openssh.com " +
                         blob({"sk-ssh-ed25519@openssh.com", std::string(32, 'k'), application})),
               Contains("not a sk-ssh-ed25519@openssh.com key"));
  CHECK_THAT(complaint("ssh-ed25519 " + ed.substr(1)), Contains("base64 is damaged"));
  CHECK_THAT(complaint("ssh-ed25519 " + blob({"ssh-rsa", std::string(32, 'k')})),
             Contains("not a ssh-ed25519 key"));
  CHECK_THAT(complaint("ssh-ed25519 " + blob({"ssh-ed25519", std::string(31, 'k')})),
             Contains("not a ssh-ed25519 key"));
  CHECK_THAT(complaint("ssh-ed25519 " + blob({"ssh-ed25519", std::string(32, 'k'), ""})),
             Contains("not a ssh-ed25519 key"));
  const std::string exponent = "\x01" + std::string("\0\x01", 2);
  CHECK_THAT(complaint("ssh-rsa " + blob({"ssh-rsa", exponent, "\x7f" + std::string(127, 'n')})),
             Contains("of 2048 bits or more"));
  // The same number with a needless leading zero would be a second spelling of one key.
  CHECK_THAT(
      complaint("ssh-rsa " + blob({"ssh-rsa", exponent, std::string("\0\x7f", 2) + std::string(256, 'n')})),
      Contains("not a ssh-rsa key"));
}

}  // namespace
}  // namespace pawl::policy
