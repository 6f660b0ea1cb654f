#include "tools/pawl/own_folders.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pawl::run {
namespace {

constexpr char kRemedy[] = "move it away; pawl makes a new one";

}  // namespace

Result<UniqueFd> open_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + part);
    if (slash == std::string::npos) break;
  }
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failed("open " + path);
  return folder;
}

Result<UniqueFd> enter(const UniqueFd& parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("make directory " + name);
  UniqueFd folder(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    auto error = failed("open directory " + name);
    return std::unexpected(std::move(error).error().advising(kRemedy));
  }
  return folder;
}

Result<> keep_private(const UniqueFd& folder, const std::string& name, uid_t owner) {
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) return failed("look at directory " + name);
  if (status.st_uid != owner)
    return refuse("directory " + name + " belongs to uid " + std::to_string(status.st_uid) + " instead of " +
                      std::to_string(owner),
                  kRemedy);
  if ((status.st_mode & 077) != 0 && ::fchmod(folder.get(), 0700) != 0) return failed("chmod " + name);
  return {};
}

Result<> give(const UniqueFd& folder, const std::string& name, FolderOwner owner) {
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) return failed("look at directory " + name);
  if (status.st_uid == ::geteuid() && owner.uid != ::geteuid() &&
      ::fchown(folder.get(), owner.uid, owner.gid) != 0)
    return failed("give directory " + name + " to uid " + std::to_string(owner.uid));
  return {};
}

}  // namespace pawl::run
