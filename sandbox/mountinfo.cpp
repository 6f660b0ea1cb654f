#include "sandbox/mountinfo.hpp"

#include "sandbox/base/text_file.hpp"

namespace pawl::sandbox {

std::string unescaped_path(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return static_cast<unsigned>(text[at] - '0'); };
    if (text[i] == '\\' && i + 3 < text.size() && digit(i + 1) < 4 && digit(i + 2) < 8 && digit(i + 3) < 8) {
      plain += static_cast<char>(digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string mount_point(std::string_view line) {
  constexpr int kBefore = 4;  // fields: its id, its parent's, the device, the root
  for (int field = 0; field < kBefore; ++field) take_word(line);
  return unescaped_path(take_word(line));
}

}  // namespace pawl::sandbox
