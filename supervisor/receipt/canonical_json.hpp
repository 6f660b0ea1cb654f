// Canonical JSON: a subset of RFC 8785 with one spelling for every value. Whatever is hashed or signed is
// written in it. Objects, arrays, strings, booleans, null and integers of at most 2^53-1 either way; no
// floats; keys are ASCII, each once, in byte order; strings are valid UTF-8; at most 64 levels deep. Pure;
// runs in the broker and in people's tools; reads the bytes of reviewers, agents' requests and ledgers.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"

namespace pawl::receipt {

inline constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxCanonicalBytes = 4 * 1024 * 1024;

// Refuses what the subset cannot say (a float, an integer out of range, a key that is not ASCII, too deep).
Result<std::string> to_canonical(const boost::json::value& value);

// Accepts exactly the bytes that to_canonical() writes: a duplicate or misplaced key, white space, another
// escape, a float, a byte order mark, trailing bytes are all refused.
Result<boost::json::value> parse_canonical(std::string_view text);

}  // namespace pawl::receipt
