#include "sandbox/mounts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <map>

#include "sandbox/base/descriptor_path.hpp"
#include "sandbox/base/mount_api.hpp"
#include "sandbox/new_mount.hpp"
#include "sandbox/protect.hpp"
#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox {
namespace {

constexpr std::uint64_t kRootSize = 16u << 20;    // bytes: directories, links and the plan's files
constexpr std::uint64_t kSharedSize = 64u << 20;  // bytes: /dev/shm where the plan names no size
constexpr mode_t kShared = 01777;
constexpr std::size_t kMostKept = 64;  // open directories, beside a descriptor for each source

struct Place {
  int parent = -1;
  std::string name;
};

// Set-user-id programs below a bind are harmless: nosuid here, and no_new_privs in the child. Only the
// general profiles let programs be executed at all.
std::uint64_t base_attributes(const LaunchPlan& plan) {
  const std::uint64_t always = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  return is_general(plan.syscalls) ? always : always | MOUNT_ATTR_NOEXEC;
}

class RootBuilder {
 public:
  RootBuilder(const LaunchPlan& plan, const SourceTrees& sources, std::vector<UniqueFd> devices,
              UniqueFd root)
      : plan_(plan), sources_(sources), devices_(std::move(devices)), root_(std::move(root)) {}

  Result<> build() {
    for (std::size_t i = 0; i < plan_.mounts.size(); ++i) {
      if (directories_.size() > kMostKept) directories_.clear();
      const Mount& mount = plan_.mounts[i];
      TRY_DURING("mount " + mount.target, make(i, mount));
    }
    for (const Protection& protection : plan_.protections)
      if (is_written_directly(protection.mount))
        TRY_DURING("protect " + protection.mount, protect(protection));
    if (set_mount_attributes(root_.get(), Reach::this_mount, {.set = MOUNT_ATTR_RDONLY}) != 0)
      return failed("make the root read-only");
    return {};
  }

  BuiltRoot take() && { return {std::move(root_), std::move(watched_)}; }

 private:
  // What is written into an overlay does not reach the host by itself.
  bool is_written_directly(const std::string& target) const {
    for (const Mount& mount : plan_.mounts)
      if (mount.target == target) return mount.kind == MountKind::writable;
    return false;
  }

  Result<> protect(const Protection& protection) {
    UniqueFd top(open_beneath(root_.get(), protection.mount.c_str() + 1, O_PATH | O_DIRECTORY));
    if (!top) return failed("open");
    Found found = TRY(protect_paths(top, protection.patterns));
    watched_.push_back({protection.mount, std::move(top), protection.patterns, std::move(found)});
    return {};
  }

  Result<> make(std::size_t index, const Mount& mount) {
    switch (mount.kind) {
      case MountKind::directory:
        return make_directory(mount);
      case MountKind::file:
        return make_file(mount);
      case MountKind::symlink:
        return make_link(mount);
      case MountKind::read_only:
      case MountKind::writable:
      case MountKind::overlay:
        return sources_[index] ? attach_bind(mount, sources_[index]) : Result<>{};
      case MountKind::tmpfs:
        return attach_tmpfs(mount.target, mount.size, mount.mode);
      case MountKind::proc:
        TRY(directory_at(mount.target));
        return {};
      case MountKind::devices:
        return make_devices(mount);
    }
    return refuse("unknown kind");
  }

  // The directory that holds `target`, made where only the launcher has written: on a tmpfs of this root.
  Result<Place> place_of(const std::string& target) {
    const std::size_t slash = target.rfind('/');
    const int parent = TRY(directory_at(target.substr(0, slash)));
    return Place{parent, target.substr(slash + 1)};
  }

  // Stays open: most places lie in a few directories.
  Result<int> directory_at(const std::string& path) {
    if (path.empty()) return root_.get();
    if (const auto known = directories_.find(path); known != directories_.end()) return known->second.get();
    UniqueFd there(open_beneath(root_.get(), path.c_str() + 1, O_PATH | O_DIRECTORY));
    if (!there && errno == ENOENT) there = TRY(new_directory(path));
    if (!there) return failed("open " + path);
    return directories_.emplace(path, std::move(there)).first->second.get();
  }

  Result<UniqueFd> new_directory(const std::string& path) {
    const Place place = TRY(place_of(path));
    if (const Mount* bind = bind_around(path); bind != nullptr)
      return refuse(path + " does not exist in what is bound at " + bind->target, "make it there first");
    // SAFETY: relative to a descriptor of our own tmpfs, one name without a slash.
    if (::mkdirat(place.parent, place.name.c_str(), 0755) != 0 && errno != EEXIST)
      return failed("make " + path);
    return UniqueFd(open_beneath(place.parent, place.name.c_str(), O_PATH | O_DIRECTORY));
  }

  // The innermost mount that the path lies in, if that is a bind: what is made there would be made on the
  // host.
  const Mount* bind_around(const std::string& path) const {
    const Mount* innermost = nullptr;
    for (const Mount& mount : plan_.mounts) {
      const bool inside = path.starts_with(mount.target + "/");
      const bool mounts = mount.kind == MountKind::tmpfs || is_bind(mount.kind);
      if (inside && mounts && (innermost == nullptr || mount.target.size() > innermost->target.size()))
        innermost = &mount;
    }
    return innermost != nullptr && innermost->kind != MountKind::tmpfs ? innermost : nullptr;
  }

  Result<> make_directory(const Mount& mount) {
    const int made = TRY(directory_at(mount.target));
    if (mount.mode == 0755) return {};
    // An O_PATH descriptor has no fchmod(2); its link below /proc leads to the very same directory.
    if (::chmod(descriptor_path(made).c_str(), mount.mode) != 0) return failed("set mode");
    return {};
  }

  Result<> make_file(const Mount& mount) {
    const Place place = TRY(place_of(mount.target));
    if (bind_around(mount.target) != nullptr) return refuse("a file of the plan below a bound directory");
    const UniqueFd file(::openat(place.parent, place.name.c_str(),
                                 O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mount.mode & 0444));
    if (!file) return failed("make file");
    std::string_view left = mount.source;
    while (!left.empty()) {
      const ssize_t written = ::write(file.get(), left.data(), left.size());
      if (written <= 0) return failed("write file");
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<> make_link(const Mount& mount) {
    const Place place = TRY(place_of(mount.target));
    if (bind_around(mount.target) != nullptr) return refuse("a link of the plan below a bound directory");
    if (::symlinkat(mount.source.c_str(), place.parent, place.name.c_str()) != 0) return failed("make link");
    return {};
  }

  Result<> attach_bind(const Mount& mount, const UniqueFd& tree) {
    const bool read_only =
        mount.kind == MountKind::read_only || (mount.kind == MountKind::overlay && mount.changes == kNone);
    const MountAttributes attributes{.set = base_attributes(plan_) | (read_only ? MOUNT_ATTR_RDONLY : 0),
                                     .propagation = MS_PRIVATE};
    if (set_mount_attributes(tree.get(), read_only ? Reach::whole_tree : Reach::this_mount, attributes) != 0)
      return failed("restrict the bind");
    struct stat source{};
    if (::fstat(tree.get(), &source) != 0) return failed("look at the source");
    if (S_ISDIR(source.st_mode)) return attach(tree, mount.target);
    return attach_over_file(tree, TRY(place_of(mount.target)), mount.target);
  }

  // Whoever asks for the directory from now on means what is mounted there.
  Result<> attach(const UniqueFd& tree, const std::string& path) {
    if (attach_tree(tree.get(), TRY(directory_at(path)), "") != 0) return failed("attach");
    std::erase_if(directories_, [&path](const auto& known) {
      return known.first == path || known.first.starts_with(path + "/");
    });
    return {};
  }

  Result<> attach_over_file(const UniqueFd& tree, const Place& place, const std::string& target) {
    // SAFETY: as for a new directory; move_mount(2) follows no link in the last place.
    if (bind_around(target) == nullptr &&
        ::mknodat(place.parent, place.name.c_str(), S_IFREG | 0444, 0) != 0 && errno != EEXIST)
      return failed("make a place for " + target);
    if (attach_tree(tree.get(), place.parent, place.name.c_str()) != 0)
      return failed("attach over " + target);
    return {};
  }

  Result<> attach_tmpfs(const std::string& path, std::uint64_t size, mode_t mode) {
    return attach(TRY(new_tmpfs(size, mode, base_attributes(plan_))), path);
  }

  // A plain directory of the root tmpfs, read-only with it: nothing can be added, and a device node is never
  // a file that someone could have put there.
  Result<> make_devices(const Mount& mount) {
    const int directory = TRY(directory_at(mount.target));
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      const MountAttributes attributes{.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                                       .propagation = MS_PRIVATE};
      if (set_mount_attributes(devices_[i].get(), Reach::this_mount, attributes) != 0)
        return failed("restrict a device");
      const std::string name = kDeviceNodes[i].name;
      TRY(attach_over_file(devices_[i], {directory, name}, mount.target + "/" + name));
    }
    constexpr std::pair<const char*, const char*> links[] = {{"/proc/self/fd", "fd"},
                                                             {"/proc/self/fd/0", "stdin"},
                                                             {"/proc/self/fd/1", "stdout"},
                                                             {"/proc/self/fd/2", "stderr"},
                                                             {"pts/ptmx", "ptmx"}};
    for (const auto& [to, name] : links)
      if (::symlinkat(to, directory, name) != 0) return failed("make link");
    TRY(directory_at(mount.target + "/pts"));
    return attach_tmpfs(mount.target + "/shm", mount.size != 0 ? mount.size : kSharedSize, kShared);
  }

  const LaunchPlan& plan_;
  const SourceTrees& sources_;
  std::vector<UniqueFd> devices_;
  UniqueFd root_;
  std::map<std::string, UniqueFd> directories_;
  std::vector<Watched> watched_;
};

bool wants_devices(const LaunchPlan& plan) {
  for (const Mount& mount : plan.mounts)
    if (mount.kind == MountKind::devices) return true;
  return false;
}

}  // namespace

Result<BuiltRoot> build_root(const LaunchPlan& plan, const SourceTrees& sources,
                             std::vector<UniqueFd> devices) {
  if (devices.empty() && wants_devices(plan)) devices = TRY(clone_devices());
  UniqueFd root = TRY_DURING("new root", new_tmpfs(kRootSize, 0755, base_attributes(plan)));
  TRY(attach_aside(root));
  if (::fchdir(root.get()) != 0) return failed("enter the new root");
  RootBuilder builder(plan, sources, std::move(devices), std::move(root));
  TRY(builder.build());
  return std::move(builder).take();
}

}  // namespace pawl::sandbox
