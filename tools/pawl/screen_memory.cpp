#include "tools/pawl/screen_memory.hpp"

#include <algorithm>

namespace pawl::run {
namespace {

struct PrivateMode {
  unsigned number;
  bool usual;
};
// Those that a program sets once and relies on.
constexpr std::array<PrivateMode, 15> kPrivateModes = {{{1, false},
                                                        {7, true},
                                                        {9, false},
                                                        {25, true},
                                                        {1000, false},
                                                        {1002, false},
                                                        {1003, false},
                                                        {1004, false},
                                                        {1005, false},
                                                        {1006, false},
                                                        {1015, false},
                                                        {1016, false},
                                                        {2004, false},
                                                        {2031, false},
                                                        {2048, false}}};

bool is_alternate_screen(unsigned mode) { return mode == 47 || mode == 1047 || mode == 1049; }

// What draws and asks nothing.
bool draws(const EscapeSequence& sequence) {
  constexpr std::string_view moves_and_erases = "@ABCDEFGHIJKLMPSTXZ`abdefm";
  constexpr std::string_view lines = "78DEHM";
  if (sequence.marker != 0 || !sequence.intermediates.empty()) return false;
  const std::string_view known = sequence.introducer == '[' ? moves_and_erases : lines;
  return known.find(sequence.final) != std::string_view::npos;
}

std::string private_mode(unsigned number, bool set) {
  return "\x1b[?" + std::to_string(number) + (set ? "h" : "l");
}

}  // namespace

ScreenMemory::ScreenMemory() { forget(); }

void ScreenMemory::forget() {
  static_assert(kPrivateModes.size() == kModes);
  for (std::size_t i = 0; i < kModes; ++i) set_[i] = kPrivateModes[i].usual;
  keypad_ = false;
  other_keys_ = 0;
  screen_ = Screen::main;
  for (auto& pushed : keyboard_) pushed.clear();
}

void ScreenMemory::keep(std::string_view bytes) {
  if (screen_ == Screen::alternate) return;  // its program draws that anew
  if (bytes.size() > kKept) bytes.remove_prefix(bytes.size() - kKept);
  const std::size_t room = kKept - ring_.size();
  ring_ += bytes.substr(0, room);
  bytes.remove_prefix(std::min(room, bytes.size()));
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kKept - begin_);
    bytes.copy(ring_.data() + begin_, size);
    begin_ = (begin_ + size) % kKept;
    bytes.remove_prefix(size);
  }
}

void ScreenMemory::text(std::string_view bytes) { keep(bytes); }

void ScreenMemory::control(char byte) {
  constexpr std::string_view kept = "\b\t\n\v\f\r\x0e\x0f";
  if (kept.find(byte) != std::string_view::npos) keep({&byte, 1});
}

void ScreenMemory::sequence(const EscapeSequence& sequence) {
  if (draws(sequence)) keep(sequence.raw);
  const bool plain = sequence.intermediates.empty();
  if (sequence.introducer == 0 && plain) {
    if (sequence.final == 'c') forget();
    if (sequence.final == '=' || sequence.final == '>') keypad_ = sequence.final == '=';
  } else if (sequence.final == 'h' || sequence.final == 'l') {
    if (sequence.marker == '?' && plain) set_modes(sequence);
  } else if (sequence.final == 'p' && sequence.intermediates == "!" && sequence.marker == 0) {
    const Screen screen = screen_;  // a soft reset stays where it is
    forget();
    screen_ = screen;
  } else if (sequence.final == 'u' && plain) {
    set_keyboard(sequence);
  } else if (sequence.final == 'm' && sequence.marker == '>' && plain && sequence.number(0, 0) == 4) {
    other_keys_ = sequence.number(1, 0);
  }
}

void ScreenMemory::set_modes(const EscapeSequence& sequence) {
  const bool set = sequence.final == 'h';
  for (std::size_t i = 0; i < sequence.count(); ++i) {
    const unsigned number = sequence.number(i, 0);
    if (is_alternate_screen(number)) screen_ = set ? Screen::alternate : Screen::main;
    const auto known = std::ranges::find(kPrivateModes, number, &PrivateMode::number);
    if (known != kPrivateModes.end()) set_[static_cast<std::size_t>(known - kPrivateModes.begin())] = set;
  }
}

// "CSI > flags u" pushes, "CSI < count u" pops, "CSI = flags ; how u" changes the uppermost.
void ScreenMemory::set_keyboard(const EscapeSequence& sequence) {
  std::vector<unsigned>& pushed = keyboard_[static_cast<std::size_t>(screen_)];
  if (sequence.marker == '>') {
    if (pushed.size() == kMaxPushed) pushed.erase(pushed.begin());
    pushed.push_back(sequence.number(0, 0));
  } else if (sequence.marker == '<') {
    const std::size_t count = std::min<std::size_t>(sequence.number(0, 1), pushed.size());
    pushed.resize(pushed.size() - count);
  } else if (sequence.marker == '=') {
    if (pushed.empty()) pushed.push_back(0);
    const unsigned flags = sequence.number(0, 0);
    const unsigned how = sequence.number(1, 1);
    unsigned& top = pushed.back();
    top = how == 2 ? top | flags : how == 3 ? top & ~flags : flags;
  }
}

std::string ScreenMemory::text() const {
  std::string text = ring_.substr(begin_) + ring_.substr(0, begin_);
  if (ring_.size() < kKept) return text;
  // Its first line is cut off, perhaps within a sequence.
  const std::size_t line = text.find('\n');
  return line == std::string::npos ? std::string() : text.substr(line + 1);
}

std::string ScreenMemory::modes() const {
  std::string modes;
  if (screen_ == Screen::alternate) modes += "\x1b[?1049h\x1b[H\x1b[2J";
  for (std::size_t i = 0; i < kModes; ++i)
    if (set_[i] != kPrivateModes[i].usual) modes += private_mode(kPrivateModes[i].number, set_[i]);
  if (keypad_) modes += "\x1b=";
  if (other_keys_ != 0) modes += "\x1b[>4;" + std::to_string(other_keys_) + "m";
  for (const unsigned flags : keyboard_[static_cast<std::size_t>(screen_)])
    modes += "\x1b[>" + std::to_string(flags) + "u";
  return modes;
}

}  // namespace pawl::run
