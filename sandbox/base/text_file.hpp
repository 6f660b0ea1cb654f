// Small text files of the kernel and of the host (proc(5), passwd(5)), without the C++ library's streams:
// those set up a locale first, which takes longer than the reading.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// The whole file, or nothing: errno tells why, EFBIG where it has more than 64 MiB. `file` is relative to
// `directory` (AT_FDCWD). Never waits: what could hold a reader up, such as a FIFO, reads as empty.
std::optional<std::string> read_text(int directory, const char* file);

// Takes the first line, or the first word before a space, off the text, and returns it without its end.
std::string_view take_line(std::string_view& text);
std::string_view take_word(std::string_view& line);

}  // namespace pawl
