#include "supervisor/egress/body_decoder.hpp"

#include <algorithm>

namespace pawl::egress {
namespace {

constexpr unsigned kMaxSizeDigits = 15;     // below 2^60
constexpr std::size_t kMaxExtension = 256;  // of one chunk
constexpr std::size_t kMaxTrailers = 8 * 1024;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

BodyDecoder::BodyDecoder(const Framing& framing) : left_(framing.length) {
  switch (framing.kind) {
    case Framing::Kind::none:
      state_ = State::finished;
      break;
    case Framing::Kind::length:
      state_ = left_ == 0 ? State::finished : State::bytes;
      break;
    case Framing::Kind::chunked:
      state_ = State::size;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

Result<std::size_t> BodyDecoder::feed(std::string_view input, std::string& body) {
  std::size_t used = 0;
  while (used < input.size() && state_ != State::finished) {
    if (state_ == State::until_close) {
      body.append(input.substr(used));
      return input.size();
    }
    if (state_ == State::bytes || state_ == State::chunk) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - used));
      body.append(input.substr(used, count));
      used += count;
      left_ -= count;
      if (left_ == 0) state_ = state_ == State::bytes ? State::finished : State::chunk_end_1;
      continue;
    }
    TRY(step(input[used++]));
  }
  return used;
}

Result<> BodyDecoder::end_of_stream() {
  if (state_ == State::until_close) state_ = State::finished;
  if (state_ != State::finished) return refuse("the connection ended in the middle of the body");
  return {};
}

Result<> BodyDecoder::digit(char c) {
  const int value = hex_value(c);
  if (value >= 0) {
    if (++digits_ > kMaxSizeDigits) return refuse("a chunk that is too large");
    left_ = left_ << 4 | static_cast<std::uint64_t>(value);
    return {};
  }
  if (digits_ == 0) return refuse("a chunk without a size");
  if (c == '\r') {
    state_ = State::size_end;
  } else if (c == ';') {
    state_ = State::extension;
    ignored_ = 0;
  } else {
    return refuse("a chunk size that is not a plain hexadecimal number");
  }
  return {};
}

Result<> BodyDecoder::step(char c) {
  const auto expect = [&](char wanted, State next) -> Result<> {
    if (c != wanted) return refuse("a chunk's line does not end where it should");
    state_ = next;
    return {};
  };
  switch (state_) {
    case State::size:
      return digit(c);
    case State::extension:
      if (c == '\r') return expect('\r', State::size_end);
      if (is_control(c) || ++ignored_ > kMaxExtension) return refuse("a bad chunk extension");
      return {};
    case State::size_end:
      ignored_ = 0;
      digits_ = 0;
      return expect('\n', left_ == 0 ? State::trailer : State::chunk);
    case State::chunk_end_1:
      return expect('\r', State::chunk_end_2);
    case State::chunk_end_2:
      return expect('\n', State::size);
    case State::trailer:
      if (c == '\r') return expect('\r', State::last_end);
      state_ = State::trailer_text;
      [[fallthrough]];
    case State::trailer_text:
      if (c == '\r') return expect('\r', State::trailer_end);
      if (is_control(c) || ++ignored_ > kMaxTrailers) return refuse("bad trailers after the last chunk");
      return {};
    case State::trailer_end:
      return expect('\n', State::trailer);
    case State::last_end:
      return expect('\n', State::finished);
    case State::bytes:
    case State::chunk:
    case State::until_close:
    case State::finished:
      break;
  }
  return refuse("a byte outside the message");
}

}  // namespace pawl::egress
