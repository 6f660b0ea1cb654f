#include "tools/pawl-agent/inputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace pawl::agent {
namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "no regular file";
}

std::unexpected<Error> not_a_file(const std::string& path, mode_t mode) {
  return refuse(
      path + " is " + std::string(kind_of(mode)) + ", not a regular file",
      S_ISLNK(mode) ? "name the file that it leads to" : "copy what you mean into a file and name that");
}

}  // namespace

Result<OpenedInput> open_input(const std::string& path) {
  struct stat status{};
  // Looked at first only for the message: opening a socket fails with an errno that tells nobody anything.
  if (::lstat(path.c_str(), &status) != 0) return failed("open " + path);
  if (!S_ISREG(status.st_mode)) return not_a_file(path, status.st_mode);
  // O_NONBLOCK: a FIFO put there meanwhile must not hold us.
  UniqueFd descriptor(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!descriptor) return failed("open " + path);
  if (::fstat(descriptor.get(), &status) != 0) return failed("look at " + path);
  if (!S_ISREG(status.st_mode)) return not_a_file(path, status.st_mode);
  return OpenedInput{std::move(descriptor), path.substr(path.rfind('/') + 1),
                     static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace pawl::agent
