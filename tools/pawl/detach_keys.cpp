#include "tools/pawl/detach_keys.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pawl::run {
namespace {

constexpr std::size_t kMaxKeys = 8;
constexpr std::size_t kMaxSequence = 32;  // bytes of one key's escape sequence
constexpr std::size_t kMaxHeld = kMaxKeys * kMaxSequence;
constexpr int kEscape = 0x1b;
constexpr char kRemedy[] = R"(for example --detach-keys 'ctrl-a,d', or 'none')";

int control_of(int character) { return character & 0x1f; }
bool has_control(int character) {
  return (character >= '@' && character <= '_') || (character >= 'a' && character <= 'z');
}

Result<int> parse_key(std::string_view word) {
  if (word.size() == 1 && word[0] > ' ' && word[0] < 0x7f) return word[0];
  constexpr std::string_view control = "ctrl-";
  if (word.size() == control.size() + 1 && word.starts_with(control) && has_control(word.back()))
    return control_of(word.back());
  return refuse("'" + std::string(word) + "' is no key that can detach", kRemedy);
}

// The numbers of a CSI sequence's parameter; what is absent is 1, except that a key must be there.
struct Numbers {
  unsigned key = 0, modifiers = 1, event = 1;
};

unsigned number_in(std::string_view text, unsigned otherwise) {
  unsigned number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view part(std::string_view text, char separator, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + 1);
  }
  return text.substr(0, text.find(separator));
}

// "92;5u" and "92:124;5:1u" of the kitty keyboard protocol, "27;5;92~" of xterm's modifyOtherKeys.
Numbers read_numbers(std::string_view parameters, char final) {
  Numbers numbers;
  const std::string_view second = part(parameters, ';', 1);
  numbers.modifiers = number_in(part(second, ':', 0), 1);
  numbers.event = number_in(part(second, ':', 1), 1);
  const bool other_keys = final == '~' && part(parameters, ';', 0) == "27";
  if (other_keys)
    numbers.key = number_in(part(parameters, ';', 2), 0);
  else if (final == 'u')
    numbers.key = number_in(part(part(parameters, ';', 0), ':', 0), 0);
  return numbers;
}

int byte_of(const Numbers& numbers) {
  constexpr unsigned shift = 1, control = 4, locks = 64 | 128;
  const unsigned modifiers = (numbers.modifiers - 1) & ~locks;
  const int key = static_cast<int>(std::min(numbers.key, 0x110000u));
  if (modifiers == control && has_control(key)) return control_of(key);
  if ((modifiers & ~shift) == 0 && key > ' ' && key < 0x7f) return key;
  return -1;
}

}  // namespace

Result<DetachKeys> DetachKeys::parse(std::string_view text) {
  DetachKeys keys;
  if (text == "none") return keys;
  for (std::size_t at = 0; at <= text.size();) {
    // A comma may be a key itself, but only the last one: "ctrl-a,,".
    std::size_t end = text.find(',', at);
    if (end == at && at + 1 == text.size()) end = text.size();
    keys.keys_.push_back(TRY(parse_key(text.substr(at, end - at))));
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  if (keys.keys_.size() > kMaxKeys) return refuse("these are more than 8 keys to detach", kRemedy);
  if (keys.keys_.front() >= ' ')
    return refuse("the first key to detach must be a control key, or it could not be typed", kRemedy);
  if (keys.keys_.front() == kEscape)
    return refuse("ctrl-[ is Escape, with which arrows and other keys begin", kRemedy);
  return keys;
}

DetachKeys::Key DetachKeys::first_key(std::string_view bytes) {
  const auto byte = static_cast<unsigned char>(bytes[0]);
  if (byte != kEscape) return {1, byte};
  if (bytes.size() < 3 || bytes[1] != '[') return {1, -1};
  for (std::size_t end = 2; end < std::min(bytes.size(), kMaxSequence); ++end) {
    const char final = bytes[end];
    if (final >= ' ' && final < '@') continue;
    const Numbers numbers = read_numbers(bytes.substr(2, end - 2), final);
    constexpr unsigned released = 3, first_modifier = 57441, last_modifier = 57454;
    const bool silent = final == 'u' && (numbers.event == released ||
                                         (numbers.key >= first_modifier && numbers.key <= last_modifier));
    return {end + 1, byte_of(numbers), silent ? Key::Does::nothing : Key::Does::type};
  }
  return {1, -1};
}

DetachKeys::Typed DetachKeys::type(std::string_view bytes) {
  Typed typed;
  if (keys_.empty()) return {std::string(bytes)};
  while (!bytes.empty()) {
    const Key key = first_key(bytes);
    const std::string_view raw = bytes.substr(0, key.size);
    bytes.remove_prefix(key.size);
    const bool silent = key.does == Key::Does::nothing;
    if (held_.size() + raw.size() > kMaxHeld) typed.pass += let_go();
    if (!silent && key.byte != keys_[matched_]) typed.pass += let_go();
    if (silent || key.byte != keys_[matched_]) {
      // Between two keys of ours the first one's release comes: it waits with them.
      (silent && holding() ? held_ : typed.pass) += raw;
      continue;
    }
    held_ += raw;
    if (++matched_ < keys_.size()) continue;
    held_.clear();
    matched_ = 0;
    typed.detach = true;
    return typed;  // what was typed behind them is for nobody
  }
  return typed;
}

std::string DetachKeys::let_go() {
  matched_ = 0;
  return std::exchange(held_, {});
}

std::string DetachKeys::name() const {
  std::string name;
  for (const int key : keys_) {
    if (!name.empty()) name += ' ';
    if (key < ' ') name += "Ctrl-";
    name += static_cast<char>(key < ' ' ? key + '@' : key);
  }
  return name;
}

}  // namespace pawl::run
