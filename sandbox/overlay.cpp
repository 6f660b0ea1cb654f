#include "sandbox/overlay.hpp"

#include <sys/statfs.h>
#include <sys/xattr.h>

#include <array>
#include <cstdio>

#include "sandbox/base/descriptor_path.hpp"
#include "sandbox/base/mount_api.hpp"
#include "sandbox/find_paths.hpp"
#include "sandbox/hidden_layer.hpp"
#include "sandbox/new_mount.hpp"

namespace pawl::sandbox {
namespace {

constexpr const char* kProbe = "user.pawl.overlay";
constexpr const char* kElsewhere =
    "set XDG_DATA_HOME to a folder on ext4, btrfs, xfs or (from Linux 6.6) tmpfs, or use workspace = "
    "\"direct\"";

struct KnownFileSystem {
  std::uint32_t magic;
  const char* name;
};
constexpr KnownFileSystem kFileSystems[] = {
    {0xef53, "ext4"},         {0x9123683e, "btrfs"}, {0x58465342, "xfs"},     {0x01021994, "tmpfs"},
    {0x794c7630, "overlay"},  {0x6969, "nfs"},       {0xff534d42, "cifs"},    {0xfe534d42, "smb"},
    {0x01021997, "9p"},       {0x65735546, "fuse"},  {0x4d44, "fat"},         {0x2011bab0, "exfat"},
    {0x7366746e, "ntfs"},     {0x2fc12fc1, "zfs"},   {0xf15f, "ecryptfs"},    {0xf2f52010, "f2fs"},
    {0x73717368, "squashfs"}, {0x858458f6, "ramfs"}, {0xca451a4e, "bcachefs"}};

std::string file_system_of(const UniqueFd& place) {
  struct statfs status{};
  if (::fstatfs(place.get(), &status) != 0) return "an unknown file system";
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  for (const KnownFileSystem& known : kFileSystems)
    if (known.magic == magic) return known.name;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "file system 0x%x", magic);
  return text.data();
}

// By descriptor: no path of anybody is resolved again.
std::string path_to(const UniqueFd& place) { return descriptor_path(place.get()); }

// Without them overlayfs mounts all the same, and later fails whoever removes a folder and makes it anew.
Result<> check_attributes(const UniqueFd& work) {
  if (::setxattr(path_to(work).c_str(), kProbe, "1", 1, 0) == 0) return {};
  const int errnum = errno;
  if (errnum == EOPNOTSUPP || errnum == ENOSYS)
    return refuse("the folder for the workspace's changes lies on " + file_system_of(work) +
                      ", which keeps no user extended attributes here",
                  kElsewhere);
  return failed("set an extended attribute in the folder for the workspace's changes", errnum);
}

struct Parts {
  const UniqueFd& files;
  const ChangeTree& changes;
};

Error explain(Error error, const Mount& mount, const Parts& parts) {
  const bool kept = static_cast<bool>(parts.changes.work);
  const std::string below = "files on " + file_system_of(parts.files);
  const std::string above = kept ? ", changes on " + file_system_of(parts.changes.work) : std::string();
  const int errnum = error.errnum;
  error = std::move(error).during("overlay at " + mount.target + " (" + below + above + ")");
  switch (errnum) {
    case EINVAL:
    case EOPNOTSUPP:
      return std::move(error).advising(
          kept ? kElsewhere : "this file system can lie below no overlay: take `hide` out of the role");
    default:  // host_remedies.hpp knows the rest
      return error;
  }
}

Result<> attach_layer(const UniqueFd& tree) {
  // What the host mounts there later is not to come along.
  if (set_mount_attributes(tree.get(), Reach::this_mount, {.propagation = MS_PRIVATE}) != 0)
    return failed("set up a layer");
  return attach_aside(tree);
}

// From the top: what hides, then the files.
Result<std::string> lower_layers(const Mount& mount, const Parts& parts, UniqueFd& hidden) {
  TRY(attach_layer(parts.files));
  std::string files = path_to(parts.files);
  if (mount.hide.empty()) return files;
  const Found found = TRY_DURING("hide files", find_paths(parts.files, mount.hide, LookFor::names));
  // Without changes overlayfs wants two layers in any case.
  if (found.paths.empty() && found.closed.empty() && parts.changes.work) return files;
  hidden = TRY_DURING("hide files", new_hidden_layer(parts.files, found));
  TRY(attach_layer(hidden));
  return path_to(hidden) + ":" + files;
}

Result<UniqueFd> make_overlay(const Mount& mount, const Parts& parts) {
  UniqueFd hidden;
  const std::string lower = TRY(lower_layers(mount, parts, hidden));
  NewMount overlay = TRY(NewMount::open("overlay"));
  TRY(overlay.set("source", "overlay"));
  TRY(overlay.set("lowerdir", lower));
  if (parts.changes.work) {
    TRY(attach_layer(parts.changes.tree));
    TRY(check_attributes(parts.changes.work));
    TRY(overlay.set("upperdir", path_to(parts.changes.upper)));
    TRY(overlay.set("workdir", path_to(parts.changes.work)));
  }
  TRY(overlay.set("userxattr"));
  // The kernel's default is the host's choice; hard links are broken by a copy on every host alike.
  TRY(overlay.set("index", "off"));
  return overlay.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

}  // namespace

Result<> assemble_overlays(const LaunchPlan& plan, const ChangeTrees& changes, SourceTrees& sources) {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    if (plan.mounts[i].kind != MountKind::overlay) continue;
    const Parts parts{sources[i], changes[i]};
    auto made = make_overlay(plan.mounts[i], parts);
    if (!made) return std::unexpected(explain(std::move(made).error(), plan.mounts[i], parts));
    sources[i] = std::move(*made);
  }
  return {};
}

}  // namespace pawl::sandbox
