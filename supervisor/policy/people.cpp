#include "supervisor/policy/people.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sandbox/base/bytes.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

// RFC 4251 §5 fields of a public key blob.
class BlobReader {
 public:
  explicit BlobReader(ByteSpan blob) : left_(blob) {}

  std::optional<ByteSpan> field() {
    if (left_.size() < 4) return std::nullopt;
    const std::size_t size =
        std::size_t{left_[0]} << 24 | std::size_t{left_[1]} << 16 | std::size_t{left_[2]} << 8 | left_[3];
    if (size > left_.size() - 4) return std::nullopt;
    const ByteSpan content = left_.subspan(4, size);
    left_ = left_.subspan(4 + size);
    return content;
  }
  bool is_text(std::string_view expected) {
    const auto content = field();
    return content && as_text(*content) == expected;
  }
  bool has_bytes(std::size_t size) {
    const auto content = field();
    return content && content->size() == size;
  }
  // An uncompressed P-256 point.
  bool is_point() {
    const auto content = field();
    return content && content->size() == 65 && (*content)[0] == 4;
  }
  // Bits of a positive mpint in its one canonical form; 0: it is none.
  std::size_t integer_bits() {
    const auto content = field();
    if (!content || content->empty() || ((*content)[0] & 0x80) != 0) return 0;
    ByteSpan digits = *content;
    if (digits[0] == 0) {
      if (digits.size() == 1 || (digits[1] & 0x80) == 0) return 0;
      digits = digits.subspan(1);
    }
    std::size_t bits = digits.size() * 8;
    for (unsigned mask = 0x80; mask != 0 && (digits[0] & mask) == 0; mask >>= 1) --bits;
    return bits;
  }
  // "ssh:" or one of its kind: with a host's name for application the key is a passkey's, which signs
  // otherwise.
  bool is_application() {
    constexpr std::size_t kMostBytes = 253;
    const auto content = field();
    if (!content || content->size() > kMostBytes || !as_text(*content).starts_with("ssh:")) return false;
    return std::ranges::all_of(*content, [](std::uint8_t byte) { return byte > 0x20 && byte < 0x7f; });
  }
  bool finished() const { return left_.empty(); }

 private:
  ByteSpan left_;
};

constexpr std::array<std::string_view, 5> kKeyTypes = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa",
                                                       "sk-ssh-ed25519@openssh.com",
                                                       "sk-ecdsa-sha2-nistp256@openssh.com"};

bool well_formed(std::string_view type, ByteSpan blob) {
  constexpr std::size_t kLeastRsaBits = 2048, kMostRsaBits = 16384;
  BlobReader reader(blob);
  if (!reader.is_text(type)) return false;
  bool good = false;
  if (type == "ssh-ed25519") {
    good = reader.has_bytes(32);
  } else if (type == "ecdsa-sha2-nistp256") {
    good = reader.is_text("nistp256") && reader.is_point();
  } else if (type == "ssh-rsa") {
    const bool exponent = reader.integer_bits() >= 2;
    const std::size_t bits = reader.integer_bits();
    good = exponent && bits >= kLeastRsaBits && bits <= kMostRsaBits;
  } else if (type == "sk-ssh-ed25519@openssh.com") {
    good = reader.has_bytes(32) && reader.is_application();
  } else {
    good = reader.is_text("nistp256") && reader.is_point() && reader.is_application();
  }
  return good && reader.finished();
}

// Without the mark of an authority.
Result<std::string> canonical_own_key(std::string_view line) {
  constexpr std::string_view remedy = "the one line of the .pub file";
  const std::size_t first = line.find(' ');
  const std::string_view type = line.substr(0, first);
  if (line.size() > 16384 || first == std::string_view::npos)
    return refuse("not an OpenSSH public key", std::string(remedy));
  if (std::ranges::find(kKeyTypes, type) == kKeyTypes.end())
    return refuse("key type " + quoted(type) + " is not accepted",
                  "ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa, or a security key (sk-...); before it nothing "
                  "but cert-authority");
  const std::string_view rest = line.substr(first + 1);
  const std::string base64(rest.substr(0, rest.find(' ')));
  const auto blob = from_base64(base64);
  if (!blob) return refuse("its base64 is damaged", std::string(remedy));
  if (!well_formed(type, *blob))
    return refuse("its contents are not a " + std::string(type) + " key" +
                      (type == "ssh-rsa" ? " of 2048 bits or more" : ""),
                  std::string(remedy));
  return std::string(type) + " " + base64;
}

}  // namespace

bool Person::in_group(std::string_view group) const {
  return std::ranges::find(groups, group) != groups.end();
}

Result<std::string> canonical_key(std::string_view line) {
  if (line.starts_with(kAuthorityMark))
    return std::string(kAuthorityMark) + TRY(canonical_own_key(line.substr(kAuthorityMark.size())));
  return canonical_own_key(line);
}

}  // namespace pawl::policy
