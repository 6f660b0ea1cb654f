// Which lines differ: asked of pawl-hunks, which has the library for it (libgit2) and no rights. One program
// for the whole of a diff. Runs in pawl-cli, as the person; the answers are checked (lines.hpp), not
// believed.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/lines.hpp"

namespace pawl::changes {

inline constexpr std::size_t kMaxText = 1024 * 1024;  // bytes of one side that are compared by lines

class Comparer {
 public:
  // Without a program, pawl's own.
  explicit Comparer(std::string program = {}) : program_(std::move(program)) {}
  Comparer(const Comparer&) = delete;
  Comparer& operator=(const Comparer&) = delete;
  ~Comparer() { stop(); }

  struct Difference {
    std::vector<Range> ranges;  // they hold
    // The program gave no usable answer: the ranges say "everything by everything".
    enum class By : std::uint8_t { lines, whole } by = By::lines;
  };
  // Each at most kMaxText.
  Difference compare(std::string_view old_text, std::string_view new_text);

 private:
  Result<std::vector<Range>> ask(std::string_view old_text, std::string_view new_text);
  Result<> start();
  void stop();

  std::string program_;
  UniqueFd socket_;
  pid_t child_ = 0;
};

// The messages between them: sizes as 32-bit numbers in the machine's order, then the bytes.
struct ComparisonHead {
  std::uint32_t old_size = 0;
  std::uint32_t new_size = 0;
};
inline constexpr std::uint32_t kMaxRanges = 2 * 1024 * 1024;

}  // namespace pawl::changes
