#include "tools/pawl/escape_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace pawl::run {
namespace {

constexpr char kEscape = 0x1b;
constexpr char kCancel = 0x18;
constexpr char kSubstitute = 0x1a;
constexpr char kBell = 0x07;
constexpr std::size_t kMaxSequence = 128;  // bytes; the tail of a longer one is dropped
constexpr std::size_t kMaxNumber = 8;      // digits of an OSC's

bool is_control(char byte) { return (byte >= 0 && byte < ' ') || byte == 0x7f; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_intermediate(char byte) { return byte >= ' ' && byte < '0'; }

}  // namespace

std::size_t EscapeSequence::count() const {
  return 1 + static_cast<std::size_t>(std::ranges::count(parameters, ';'));
}

unsigned EscapeSequence::number(std::size_t index, unsigned otherwise) const {
  std::string_view left = parameters;
  for (; index > 0; --index) {
    const std::size_t separator = left.find(';');
    if (separator == std::string_view::npos) return otherwise;
    left.remove_prefix(separator + 1);
  }
  unsigned number = otherwise;
  const auto read = std::from_chars(left.data(), left.data() + left.size(), number);
  // Some terminals would see a small one in it.
  return read.ec == std::errc::result_out_of_range ? std::numeric_limits<unsigned>::max() : number;
}

void EscapeReader::read(std::string_view bytes, Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::ground) {
      const auto end = std::ranges::find_if(bytes, is_control);
      const auto size = static_cast<std::size_t>(end - bytes.begin());
      if (size > 0) sink.text(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (bytes.empty()) return;
    }
    read_one(bytes.front(), sink);
    bytes.remove_prefix(1);
  }
}

void EscapeReader::begin(char byte) {
  sequence_ = {};
  sequence_.raw = byte;
  state_ = State::escape;
}

void EscapeReader::read_one(char byte, Sink& sink) {
  if (state_ == State::string || state_ == State::string_escape) return in_string(byte, sink);
  if (byte == kEscape) return begin(byte);
  if (byte == kCancel || byte == kSubstitute) {
    state_ = State::ground;
    sink.over();
  } else if (is_control(byte)) {
    sink.control(byte);  // also within a sequence: terminals act on it at once
  } else if (state_ == State::escape) {
    in_escape(byte, sink);
  } else {
    in_control_sequence(byte, sink);
  }
}

void EscapeReader::in_string(char byte, Sink& sink) {
  if (head_ == Head::open && state_ == State::string && is_digit(byte) && number_.size() < kMaxNumber) {
    number_ += byte;
    return;
  }
  tell_string(sink);
  const bool ended = byte == kBell || byte == kCancel || byte == kSubstitute ||
                     (state_ == State::string_escape && byte == '\\');
  if (ended) {
    state_ = State::ground;
    sink.over();
  } else if (state_ == State::string_escape) {
    begin(kEscape);  // any other escape cuts the string off
    in_escape(byte, sink);
  } else if (byte == kEscape) {
    state_ = State::string_escape;
  } else {
    sink.in_string(byte);
  }
}

void EscapeReader::tell_string(Sink& sink) {
  if (head_ == Head::told) return;
  head_ = Head::told;
  sink.string(']', number_);
}

void EscapeReader::in_escape(char byte, Sink& sink) {
  if (byte == kEscape) return begin(byte);
  if (byte < 0) {
    state_ = State::ground;  // as in a control sequence; to some terminals it begins one
    return sink.odd();
  }
  if (is_intermediate(byte)) {
    if (sequence_.raw.size() == kMaxSequence) return;
    sequence_.intermediates += byte;
    sequence_.raw += byte;
    return;
  }
  sequence_.raw += byte;
  if (sequence_.intermediates.empty() && byte == '[') {
    sequence_.introducer = byte;
    state_ = State::control_sequence;
    return;
  }
  constexpr std::string_view strings = "P]X^_";  // DCS, OSC, SOS, PM, APC
  if (sequence_.intermediates.empty() && strings.find(byte) != std::string_view::npos) {
    state_ = State::string;
    number_.clear();
    head_ = byte == ']' ? Head::open : Head::told;
    if (byte != ']') sink.string(byte, {});
    return;
  }
  state_ = State::ground;
  sequence_.final = byte;
  sink.sequence(sequence_);
}

void EscapeReader::in_control_sequence(char byte, Sink& sink) {
  const bool room = sequence_.raw.size() < kMaxSequence;
  if (room) sequence_.raw += byte;
  if (byte < 0) {
    state_ = State::ground;  // no sequence holds such a byte
    sink.odd();
  } else if (byte >= '@') {
    state_ = State::ground;
    sequence_.final = byte;
    room ? sink.sequence(sequence_) : sink.odd();
  } else if (is_intermediate(byte)) {
    if (room) sequence_.intermediates += byte;
  } else if (byte >= '<' && sequence_.parameters.empty() && sequence_.marker == 0) {
    sequence_.marker = byte;
  } else if (room) {
    sequence_.parameters += byte;
  }
}

}  // namespace pawl::run
