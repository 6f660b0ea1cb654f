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

constexpr char kEnquiry = 0x05;
constexpr char kDelete = 0x7f;
// OSC: titles, folders, links, notifications, marks of shells. Others may hold a question.
constexpr std::array<std::string_view, 9> kSilentStrings = {"0", "1",   "2",   "7",  "8",
                                                            "9", "133", "633", "777"};

bool is_alternate_screen(unsigned mode) { return mode == 47 || mode == 1047 || mode == 1049; }

// What draws and asks nothing.
bool draws(const EscapeSequence& sequence) {
  constexpr std::string_view moves_and_erases = "@ABCDEFGHIJKLMPSTXZ`abdefm";
  constexpr std::string_view lines = "78DEHM";
  if (sequence.marker != 0 || !sequence.intermediates.empty()) return false;
  const std::string_view known = sequence.introducer == '[' ? moves_and_erases : lines;
  return known.find(sequence.final) != std::string_view::npos;
}

bool makes_reports(unsigned mode) {
  constexpr std::array<unsigned, 8> reporting = {9, 1000, 1001, 1002, 1003, 1004, 2031, 2048};
  return std::ranges::find(reporting, mode) != reporting.end();
}

// Sets or draws, and is answered by no terminal. What is not here may be.
bool is_silent(const EscapeSequence& sequence) {
  const char final = sequence.final;
  const auto one_of = [final](std::string_view finals) {
    return finals.find(final) != std::string_view::npos;
  };
  const bool plain = sequence.intermediates.empty();
  if (sequence.introducer == 0) return !plain || final != 'Z';
  if (!plain)
    return sequence.marker == 0 &&
           (sequence.intermediates + final == "!p" || sequence.intermediates + final == " q");
  constexpr unsigned last_command = 10, keep_title = 22, take_title = 23;  // of the window
  const unsigned number = sequence.number(0, 0);
  switch (sequence.marker) {
    case 0:
      if (final == 't') return number <= last_command || number == keep_title || number == take_title;
      return draws(sequence) || one_of("gNhlrsu");
    case '?':
      return one_of("hlJKsW");
    case '>':
      return one_of("mu");
    default:
      return final == 'u';  // of the kitty keyboard protocol: < pops, = changes
  }
}

bool continues(char byte) { return static_cast<unsigned char>(byte) < 0xc0 && byte < 0; }

unsigned continuation_bytes(unsigned char lead) {
  if (lead < 0xc2 || lead > 0xf4) return 0;  // leads nothing in UTF-8
  return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

std::string private_mode(unsigned number, bool set) {
  return "\x1b[?" + std::to_string(number) + (set ? "h" : "l");
}

}  // namespace

ScreenMemory::ScreenMemory(Characters characters) : usual_(characters), characters_(characters) { forget(); }

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

bool ScreenMemory::is_c1(char byte) const {
  const bool looks_like = continues(byte) && static_cast<unsigned char>(byte) < 0xa0;
  return looks_like && (characters_ == Characters::single_bytes || more_ == 0 || in_c2());
}

void ScreenMemory::follow(char byte) {
  if (continues(byte)) {
    more_ -= more_ > 0 ? 1 : 0;
    return;
  }
  lead_ = static_cast<unsigned char>(byte);
  more_ = continuation_bytes(lead_);
}

// Nothing of the C1 controls is kept, in UTF-8 or bare: to many terminals they are ESC and a letter.
void ScreenMemory::text(std::string_view bytes) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char byte = bytes[at];
    if (is_c1(byte)) {
      keep(bytes.substr(kept, at - kept));
      kept = at + 1;
      question_ = Question::asked;
    } else if (continues(byte) && in_c2()) {
      // The lead was held back until it was known what it leads.
      constexpr char lead = static_cast<char>(kC1Lead);
      keep({&lead, 1});
    } else if (static_cast<unsigned char>(byte) == kC1Lead) {
      keep(bytes.substr(kept, at - kept));
      kept = at + 1;
    }
    follow(byte);
  }
  keep(bytes.substr(kept));
}

// Titles have neither. A terminal may skip a control, or take one of C1 for the string's end.
void ScreenMemory::in_string(char byte) {
  if ((byte >= 0 && byte < ' ') || byte == kDelete || is_c1(byte)) question_ = Question::asked;
  follow(byte);
}

void ScreenMemory::string(char introducer, std::string_view number) {
  more_ = 0;
  if (introducer != ']' || std::ranges::find(kSilentStrings, number) == kSilentStrings.end())
    question_ = Question::asked;
}

bool ScreenMemory::reports() const {
  for (std::size_t i = 0; i < kModes; ++i)
    if (set_[i] && makes_reports(kPrivateModes[i].number)) return true;
  return std::ranges::any_of(keyboard_, [](const auto& pushed) { return !pushed.empty(); });
}

void ScreenMemory::control(char byte) {
  more_ = 0;
  if (byte == kEnquiry) question_ = Question::asked;
  constexpr std::string_view kept = "\b\t\n\v\f\r\x0e\x0f";
  if (kept.find(byte) != std::string_view::npos) keep({&byte, 1});
}

void ScreenMemory::sequence(const EscapeSequence& sequence) {
  more_ = 0;
  if (!is_silent(sequence)) question_ = Question::asked;
  if (draws(sequence)) keep(sequence.raw);
  const bool plain = sequence.intermediates.empty();
  if (sequence.introducer == 0 && plain) {
    if (sequence.final == 'c') forget();
    if (sequence.final == '=' || sequence.final == '>') keypad_ = sequence.final == '=';
  } else if (sequence.introducer == 0 && sequence.intermediates.starts_with('%')) {
    set_characters(sequence);
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

// "ESC % G" and "ESC % 8" choose UTF-8; "ESC % @", and others that nobody uses, something else. A terminal
// that had single bytes from the beginning may not know the first.
void ScreenMemory::set_characters(const EscapeSequence& sequence) {
  const bool chosen = sequence.intermediates == "%" && (sequence.final == 'G' || sequence.final == '8');
  characters_ = chosen ? usual_ : Characters::single_bytes;
}

void ScreenMemory::set_modes(const EscapeSequence& sequence) {
  const bool set = sequence.final == 'h';
  for (std::size_t i = 0; i < sequence.count(); ++i) {
    const unsigned number = sequence.number(i, 0);
    if (is_alternate_screen(number)) screen_ = set ? Screen::alternate : Screen::main;
    const auto known = std::ranges::find(kPrivateModes, number, &PrivateMode::number);
    if (set && makes_reports(number)) question_ = Question::asked;
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

std::string ScreenMemory::take_text() {
  std::string text = this->text();
  ring_.clear();
  begin_ = 0;
  return text;
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
