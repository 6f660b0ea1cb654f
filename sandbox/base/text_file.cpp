#include "sandbox/base/text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sandbox/base/unique_fd.hpp"

namespace pawl {
namespace {

// Bytes. A table of mounts can be long (containers), and so can one of users.
constexpr std::size_t kMost = std::size_t{64} << 20;

std::string_view take_up_to(char end, std::string_view& text) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return taken;
}

}  // namespace

std::optional<std::string> read_text(int directory, const char* file) {
  const UniqueFd opened(::openat(directory, file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t size = ::read(opened.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() <= kMost) continue;
    errno = EFBIG;
    return std::nullopt;
  }
}

std::string_view take_line(std::string_view& text) { return take_up_to('\n', text); }
std::string_view take_word(std::string_view& line) { return take_up_to(' ', line); }

}  // namespace pawl
