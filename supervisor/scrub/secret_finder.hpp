// Finds one secret in a text however it is written there: plain; each byte by itself plain, percent-encoded,
// escaped as in JSON, C or Python, or as an HTML entity, also twice over; hexadecimal; Base64 in either
// alphabet at any of the three alignments, with line breaks. Pure. Runs in pawl-egress, on what upstreams and
// agents send, and in pawld, on what actions print.
//
// It matches instead of listing spellings: of a key with four odd characters there are more spellings than
// could be listed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/scrub/secret.hpp"

namespace pawl::scrub {

// Shorter secrets cannot be told from text.
inline constexpr std::size_t kShortestSecret = 4;

// Whether more of the text may follow.
enum class End : std::uint8_t { closed, open };

struct Found {
  std::size_t begin = 0, end = 0;  // bytes of the text
  bool whole = true;  // false: it may become one when more text follows; then `end` is the text's
};

class SecretFinder {
 public:
  explicit SecretFinder(std::string_view secret);

  // The first find at or behind `from`.
  std::optional<Found> find(std::string_view text, std::size_t from, End end) const;

 private:
  enum class Spelling : std::uint8_t { text, hexadecimal, base64 };
  struct Way {
    Spelling spelling;
    Secret units;  // bytes, or Base64 digits
  };
  void add_way(Spelling spelling, std::string_view units);
  static std::optional<Found> match(const Way& way, std::string_view text, std::size_t at, End end);

  std::vector<Way> ways_;
  bool may_begin_[256] = {};  // a find begins with one of these bytes
};

}  // namespace pawl::scrub
