// Small text files of the kernel and of the host (proc(5), passwd(5)), without the C++ library's streams:
// those set up a locale first, which takes longer than the reading.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// Bytes. A table of mounts can be long (containers), and so can one of users.
inline constexpr std::size_t kMostText = std::size_t{64} << 20;

// The whole file, or nothing: errno tells why, EFBIG where it has more than `most` bytes. `file` is relative
// to `directory` (AT_FDCWD). Never waits: what could hold a reader up, such as a FIFO, reads as empty.
std::optional<std::string> read_text(int directory, const char* file, std::size_t most = kMostText);

// Takes the first line off `text`, and returns it without its end.
std::string_view take_line(std::string_view& text);

}  // namespace pawl
