// Files that only the person may read. Runs as the person.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "sandbox/base/error.hpp"

namespace pawl::cli {

// Makes the file with 0600 and this text; an existing one is never overwritten (EEXIST keeps its errnum).
Result<> write_private_file(const std::string& path, std::string_view text);

// mkdir -p with 0700 for whatever is missing.
Result<> make_private_directories(const std::string& path);

// At most `limit` bytes of a regular file.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// A directory of our own below $XDG_RUNTIME_DIR or /tmp, gone with this object.
class ScratchDirectory {
 public:
  static Result<ScratchDirectory> make();
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace pawl::cli
