// Texts that people and agents write: which characters are refused, how they are shown, and the small forms
// (names, times, sizes, paths) of policy files. Pure; safe on hostile bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::policy {

// What makes a text unfit: "is not valid UTF-8", "holds a control character (U+001B)". Bidi controls,
// zero-width and other invisible characters and line separators are unfit too: they make a text look like
// another.
std::optional<std::string> text_flaw(std::string_view text);

// In single quotes, every unfit character as \u{...}, at most 200 characters and an ellipsis: safe to print.
std::string quoted(std::string_view text);

inline constexpr std::string_view kNameForm =
    "a lower-case letter, then lower-case letters, digits or '-', 63 at most";
bool valid_name(std::string_view text);
// What names a broker in receipts: "alice@laptop", "pawl.example.com".
inline constexpr std::string_view kAudienceForm = "letters, digits, '.', '_', '@' and '-', 128 at most";
bool valid_audience(std::string_view text);
bool valid_variable(std::string_view text);  // an environment variable's name

// "90s", "10m", "2h". A whole number and one unit.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
// "1 MiB", "512KiB", "4 GiB", "100 B".
std::optional<std::uint64_t> parse_size(std::string_view text);
// The shortest such form: "10m". Sizes: sandbox/limits.hpp.
std::string duration_in_words(std::chrono::seconds time);

// Absolute, no empty, "." or ".." segment, no trailing slash ("/" itself is clean).
bool clean_absolute(std::string_view path);
// `path` is `directory` or lies below it. Both clean.
bool lies_within(std::string_view path, std::string_view directory);

// What in this path or name looks like a credential: ".ssh", "id_ed25519"; nullopt: nothing.
std::optional<std::string> credential_path(std::string_view path);
// The environment variable's name looks like one that holds a credential, or leads to one.
bool credential_variable(std::string_view name);

}  // namespace pawl::policy
