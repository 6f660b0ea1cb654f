// The body of an HTTP/1.1 message, taken out of its framing (RFC 9112 §6-7) piece by piece, as it arrives.
// What is sent on is framed anew, so no reading of ours can differ from the next one's. Pure, bounded. Runs
// in pawl-egress; the bytes are the agent's, or the upstream's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/egress/http_head.hpp"

namespace pawl::egress {

class BodyDecoder {
 public:
  explicit BodyDecoder(const Framing& framing);

  // Appends the body bytes that `input` holds to `body`. Returns how many bytes of input belong to this
  // message: all of them, unless the message ended before. Trailers are read and dropped.
  Result<std::size_t> feed(std::string_view input, std::string& body);
  // The peer closed: the end of a message that lasts until then, an error for others.
  Result<> end_of_stream();
  bool finished() const { return state_ == State::finished; }

 private:
  enum class State : std::uint8_t {
    bytes,        // `left_` more
    until_close,  // all there is
    size,         // hexadecimal digits of a chunk's size
    extension,    // the rest of that line, ignored
    size_end,     // its line feed
    chunk,        // `left_` more
    chunk_end_1,  // carriage return after a chunk
    chunk_end_2,  // its line feed
    trailer,      // at the start of a line after the last chunk
    trailer_text,
    trailer_end,  // its line feed
    last_end,     // the line feed of the empty line
    finished,
  };
  Result<> step(char c);
  Result<> digit(char c);

  State state_ = State::finished;
  std::uint64_t left_ = 0;
  unsigned digits_ = 0;
  std::size_t ignored_ = 0;  // bytes of extensions and trailers so far
};

}  // namespace pawl::egress
