// One byte of a text, in all the ways in which it may be written. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pawl::scrub {

// Where a reading may have ended, and whether the text broke off within one.
struct Readings {
  std::vector<std::size_t> ends;
  bool broken_off = false;
};

// All readings of `byte` at `at`.
void read_byte(std::string_view text, std::size_t at, unsigned char byte, Readings& readings);
// The same for two hexadecimal digits that stand for it, nothing else.
void read_hexadecimal(std::string_view text, std::size_t at, unsigned char byte, Readings& readings);
// One Base64 digit, in either alphabet; '+' and '/' also escaped as any byte.
void read_base64(std::string_view text, std::size_t at, unsigned char digit, Readings& readings);
// Behind one line break with the spaces around it, plain or escaped. No reading: there is none. Only one,
// because a blank line ends an event of a stream and must not wait for the next.
void read_line_break(std::string_view text, std::size_t at, Readings& readings);

}  // namespace pawl::scrub
