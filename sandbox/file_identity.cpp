#include "sandbox/file_identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "sandbox/base/descriptor_path.hpp"
#include "sandbox/base/mount_api.hpp"

namespace pawl::sandbox {
namespace {

int open_path(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_PATH | O_CLOEXEC | flags);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how)));
}

}  // namespace

Result<FileIdentity> identity_of(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return failed("look at an open file");
  return FileIdentity{status.st_dev, status.st_ino};
}

Result<std::string> path_of_descriptor(int descriptor) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = descriptor_path(descriptor);
  const ssize_t size = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (size <= 0 || static_cast<std::size_t>(size) == buffer.size()) return failed("read " + link);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Result<FileIdentity> Lineages::look_at(const std::string& path) {
  if (const auto known = known_.find(path); known != known_.end()) return known->second;
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return failed("look at " + path);
  return known_.emplace(path, FileIdentity{status.st_dev, status.st_ino}).first->second;
}

// By the canonical path, and not by "..", which needs the right to search the place itself.
Result<Lineage> Lineages::of(int descriptor) {
  const std::string path = TRY(path_of_descriptor(descriptor));
  if (!path.starts_with('/')) return refuse("a folder has no path: " + path, "start it again");
  Lineage lineage;
  lineage.push_back(TRY(look_at("/")));
  for (std::size_t slash = 0; path.size() > 1 && slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    lineage.push_back(TRY(look_at(path.substr(0, slash))));
  }
  if (lineage.back() != TRY(identity_of(descriptor)))
    return refuse(path + " was replaced while it was looked at", "start it again");
  return lineage;
}

Result<UniqueFd> open_without_links(const std::string& path) {
  UniqueFd opened(open_path(path, 0));
  if (opened) return opened;
  const int errnum = errno;
  if (errnum != ELOOP) return failed("open " + path, errnum);
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    struct stat status{};
    const std::string part = path.substr(0, end);
    if (::lstat(part.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
      return refuse(part + " is a link: name its target",
                    "whoever can change the link would choose what the sandbox sees");
    if (end == std::string::npos) break;
  }
  return refuse(path + " leads through a link: name its target");
}

Result<UniqueFd> open_again(int descriptor) {
  const std::string path = TRY(path_of_descriptor(descriptor));
  UniqueFd here(open_path(path, O_NOFOLLOW));
  if (!here) return failed("open " + path);
  struct stat handed{};
  struct stat found{};
  if (::fstat(descriptor, &handed) != 0 || ::fstat(here.get(), &found) != 0) return failed("look at " + path);
  if (handed.st_dev != found.st_dev || handed.st_ino != found.st_ino ||
      (handed.st_mode & S_IFMT) != (found.st_mode & S_IFMT))
    return refuse(path + " is no longer what was handed over", "start it again");
  return here;
}

}  // namespace pawl::sandbox
