#include "tools/pawl/cli/private_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::cli {

Result<> write_private_file(const std::string& path, std::string_view text) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed("make " + path);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write " + path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return failed("write " + path);
  return {};
}

Result<> make_private_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!part.empty() && ::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("make directory " + part);
    if (slash == std::string::npos) return {};
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // O_NONBLOCK: a FIFO is refused below and must not hold us here.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failed("read " + path);
  if (!S_ISREG(status.st_mode)) return refuse(path + " is not a regular file");
  std::string text(limit + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read " + path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) return refuse(path + " has more than " + std::to_string(limit) + " bytes");
  text.resize(size);
  return text;
}

Result<ScratchDirectory> ScratchDirectory::make() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::string path =
      (runtime != nullptr && runtime[0] == '/' ? std::string(runtime) : "/tmp") + "/pawl-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    path = "/tmp/pawl-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return failed("make a directory in /tmp");
  }
  return ScratchDirectory(std::move(path));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // nothing secret is in it, and nothing depends on its being gone
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace pawl::cli
