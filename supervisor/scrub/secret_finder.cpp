#include "supervisor/scrub/secret_finder.hpp"

#include <algorithm>

#include "sandbox/base/bytes.hpp"
#include "supervisor/scrub/spelling.hpp"

namespace pawl::scrub {
namespace {

constexpr std::size_t kShortestHexadecimal = 6;  // bytes of the secret
constexpr std::size_t kShortestBase64 = 8;       // digits

// The part of Base64 that is the same whatever stands around the secret, for a secret `before` bytes into a
// group: digits at both ends that also depend on neighbours are left out.
std::string base64_core(std::string_view secret, std::size_t before) {
  std::string padded(before, '\0');
  padded.reserve(before + secret.size());
  padded += secret;
  std::string encoded = to_base64(as_bytes(padded));
  wipe(padded);
  const std::size_t whole = (before + secret.size()) * 8 / 6;
  const std::size_t first = before == 0 ? 0 : before + 1;
  std::string core = whole > first ? encoded.substr(first, whole - first) : std::string();
  wipe(encoded);
  return core;
}

void keep_each_once(std::vector<std::size_t>& ends) {
  std::ranges::sort(ends);
  const auto doubles = std::ranges::unique(ends);
  ends.erase(doubles.begin(), doubles.end());
}

}  // namespace

SecretFinder::SecretFinder(std::string_view secret) {
  if (secret.size() < kShortestSecret) return;
  add_way(Spelling::text, secret);
  if (secret.size() >= kShortestHexadecimal) add_way(Spelling::hexadecimal, secret);
  for (std::size_t before = 0; before < 3; ++before) {
    std::string core = base64_core(secret, before);
    if (core.size() >= kShortestBase64) add_way(Spelling::base64, core);
    wipe(core);
  }
}

void SecretFinder::add_way(Spelling spelling, std::string_view units) {
  ways_.push_back({spelling, Secret(units)});
  const auto first = static_cast<unsigned char>(units.front());
  const auto may_begin = [&](char c) { may_begin_[static_cast<unsigned char>(c)] = true; };
  if (spelling == Spelling::hexadecimal) {
    for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"})
      may_begin(digits[first >> 4]);
    return;
  }
  may_begin_[first] = true;
  for (const char escape : {'%', '\\', '&'}) may_begin(escape);
  if (spelling == Spelling::base64 && first == '+') may_begin('-');
  if (spelling == Spelling::base64 && first == '/') may_begin('_');
}

std::optional<Found> SecretFinder::find(std::string_view text, std::size_t from, End end) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!may_begin_[static_cast<unsigned char>(text[at])]) continue;
    std::optional<Found> best;
    for (const Way& way : ways_) {
      const auto found = match(way, text, at, end);
      if (found &&
          (!best || found->whole > best->whole || (found->whole == best->whole && found->end > best->end)))
        best = found;
    }
    if (best) return best;
  }
  return std::nullopt;
}

// All readings go side by side: "%25" may be a percent sign that is encoded, or one that is not.
std::optional<Found> SecretFinder::match(const Way& way, std::string_view text, std::size_t at, End end) {
  Readings readings;
  std::vector<std::size_t> places = {at};
  bool broken_off = false;
  const std::string_view units = way.units.reveal();
  for (std::size_t i = 0; i < units.size(); ++i) {
    readings.ends.clear();
    readings.broken_off = false;
    if (i > 0 && way.spelling != Spelling::text) {
      for (const std::size_t place : places) read_line_break(text, place, readings);
      places.insert(places.end(), readings.ends.begin(), readings.ends.end());
      readings.ends.clear();
    }
    for (const std::size_t place : places) {
      const auto unit = static_cast<unsigned char>(units[i]);
      if (way.spelling == Spelling::text) read_byte(text, place, unit, readings);
      if (way.spelling == Spelling::hexadecimal) read_hexadecimal(text, place, unit, readings);
      if (way.spelling == Spelling::base64) read_base64(text, place, unit, readings);
    }
    broken_off = broken_off || readings.broken_off;
    places = readings.ends;
    keep_each_once(places);
    if (places.empty()) break;
  }
  if (!places.empty()) return Found{at, places.back(), true};
  if (broken_off && end == End::open) return Found{at, text.size(), false};
  return std::nullopt;
}

}  // namespace pawl::scrub
