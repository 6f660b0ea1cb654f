#include "sandbox/hidden_layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <map>

#include "sandbox/base/mount_api.hpp"
#include "sandbox/new_mount.hpp"

namespace pawl::sandbox {
namespace {

// Folders and whiteouts take no bytes, but one file each of what a tmpfs of this size may have.
constexpr std::uint64_t kSize = 256u << 20;
constexpr mode_t kPermissions = 07777;

class LayerBuilder {
 public:
  LayerBuilder(const UniqueFd& top, UniqueFd layer) : top_(top), layer_(std::move(layer)) {}

  // A path that is gone by now hides nothing any more.
  Result<> hide(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (!TRY(make_folder(path.substr(0, slash)))) return {};
    // SAFETY: on our own tmpfs, in which nobody else has made anything. A 0:0 device is overlayfs's whiteout,
    // which the kernel lets everybody make.
    if (::mknodat(layer_.get(), path.c_str(), S_IFCHR, makedev(0, 0)) != 0) return failed("hide " + path);
    return {};
  }

  // The session sees the folders of this layer, so they look like those that they stand for. Last: making
  // something in one changes its time.
  Result<UniqueFd> finish() && {
    struct stat status{};
    if (::fstat(top_.get(), &status) != 0) return failed("look at the folder");
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder)
      TRY(imitate(folder->first, folder->second));
    TRY(imitate(".", status));
    return std::move(layer_);
  }

 private:
  // Whether it is there.
  Result<bool> make_folder(const std::string& path) {
    if (folders_.contains(path)) return true;
    const UniqueFd original(open_beneath(top_.get(), path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (!original && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return false;
    struct stat status{};
    if (!original || ::fstat(original.get(), &status) != 0) return failed("look at " + path);
    if (::mkdirat(layer_.get(), path.c_str(), 0700) != 0) return failed("make a folder over " + path);
    folders_.emplace(path, status);
    return true;
  }

  Result<> imitate(const std::string& path, const struct stat& status) {
    const timespec times[] = {status.st_atim, status.st_mtim};
    if (::fchmodat(layer_.get(), path.c_str(), status.st_mode & kPermissions, 0) != 0 ||
        ::utimensat(layer_.get(), path.c_str(), times, 0) != 0)
      return failed("imitate " + path);
    return {};
  }

  const UniqueFd& top_;
  UniqueFd layer_;
  std::map<std::string, struct stat> folders_;  // sorted: a parent before what lies in it
};

}  // namespace

Result<UniqueFd> new_hidden_layer(const UniqueFd& top, const Found& hidden) {
  LayerBuilder builder(top, TRY(new_tmpfs(kSize, 0700, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)));
  for (const FoundPath& one : hidden.paths)
    if (one.what == Finding::matched) TRY(builder.hide(one.path));
  // SAFETY: what lies in a folder that we may not read cannot be found, and the session may know its names.
  for (const std::string& closed : hidden.closed) TRY(builder.hide(closed));
  return std::move(builder).finish();
}

}  // namespace pawl::sandbox
