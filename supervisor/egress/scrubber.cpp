#include "supervisor/egress/scrubber.hpp"

#include <algorithm>

#include "sandbox/base/bytes.hpp"

namespace pawl::egress {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").contains(c);
}

std::string percent_encoded(std::string_view text, std::string_view digits) {
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\' || c == '/') out += '\\';
    out += c;
  }
  return out;
}

// The part of Base64 that is the same whatever stands around the secret, for a secret `before` bytes into a
// group.
std::string base64_core(std::string_view secret, std::size_t before) {
  std::string padded(before, '\0');
  padded += secret;
  std::string encoded = to_base64(as_bytes(padded));
  wipe(padded);
  const std::size_t whole = (before + secret.size()) * 8 / 6;
  const std::size_t first = before == 0 ? 0 : before + 1;  // digits that share bits with what stands before
  return whole > first ? encoded.substr(first, whole - first) : std::string();
}

std::string url_alphabet(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

void mask(std::string& text, std::string_view form) {
  for (std::size_t at = text.find(form); at != std::string::npos; at = text.find(form, at + form.size()))
    text.replace(at, form.size(), form.size(), '*');
}

}  // namespace

Scrubber::Scrubber(std::string_view secret) {
  std::vector<std::string> forms = {std::string(secret), percent_encoded(secret, "0123456789ABCDEF"),
                                    percent_encoded(secret, "0123456789abcdef"), json_escaped(secret)};
  for (std::size_t before = 0; before < 3; ++before) {
    forms.push_back(base64_core(secret, before));
    forms.push_back(url_alphabet(forms.back()));
  }
  // Longest first: a find must not hide the rest of a longer one.
  std::ranges::sort(
      forms, [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  const auto doubles = std::ranges::unique(forms);
  for (std::string& form : doubles) wipe(form);
  for (std::string& form : forms) {
    // Base64 of a very short secret is a few letters, found anywhere.
    const bool telling = form.size() >= 8 || form == secret;
    if (!form.empty() && telling) forms_.push_back(Secret(form));
  }
  for (std::string& form : forms) wipe(form);
}

void Scrubber::scrub_whole(std::string& text) const {
  for (const Secret& form : forms_) mask(text, form.reveal());
}

void Scrubber::scrub_piece(std::string& piece) {
  piece.insert(0, held_);
  wipe(held_);
  scrub_whole(piece);
  const std::size_t hold = held_tail(piece);
  held_ = piece.substr(piece.size() - hold);
  piece.resize(piece.size() - hold);
}

std::string Scrubber::rest() { return std::exchange(held_, {}); }

std::size_t Scrubber::held_tail(std::string_view text) const {
  std::size_t longest = 0;
  for (const Secret& form : forms_)
    for (std::size_t size = std::min(form.reveal().size() - 1, text.size()); size > longest; --size)
      if (text.ends_with(form.reveal().substr(0, size))) {
        longest = size;
        break;
      }
  return longest;
}

}  // namespace pawl::egress
