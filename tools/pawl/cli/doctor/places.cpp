#include "tools/pawl/cli/doctor/places.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace pawl::cli {
namespace {

Result<> give_to_sessions(const std::string& path) {
  if (::geteuid() == 0 && ::lchown(path.c_str(), kNobody, kNobody) != 0) return failed("chown " + path);
  return {};
}

}  // namespace

Result<Scratch> Scratch::make(const std::string& parent, Owner owner) {
  std::string path = parent + "/pawl-doctor-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return failed("make a folder in " + parent);
  Scratch scratch(std::move(path));
  if (owner == Owner::sessions) TRY(give_to_sessions(scratch.path_));
  // Sessions of root must get through to what lies in it.
  if (owner == Owner::caller && ::chmod(scratch.path_.c_str(), 0711) != 0)
    return failed("chmod " + scratch.path_);
  return scratch;
}

Scratch::~Scratch() {
  if (path_.empty()) return;
  std::error_code ignored;
  // Overlays leave a folder that its owner must open first. Not as root, who needs no leave to remove it: the
  // folder is another user's by now, and a link in its place would be followed.
  if (::geteuid() != 0)
    std::filesystem::permissions(path_ + "/work/work", std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(path_, ignored);
}

Result<std::string> Scratch::folder(const std::string& name) const {
  std::string path = path_ + "/" + name;
  if (::mkdir(path.c_str(), 0700) != 0) return failed("make directory " + path);
  TRY(give_to_sessions(path));
  return path;
}

std::string nearest_existing(std::string path) {
  while (path.size() > 1 && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

}  // namespace pawl::cli
