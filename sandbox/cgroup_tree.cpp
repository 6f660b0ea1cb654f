#include "sandbox/cgroup_tree.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/base/text_file.hpp"
#include "sandbox/mountinfo.hpp"

namespace pawl::sandbox {
namespace {

bool lies_below(std::string_view path, std::string_view root) {
  return root == "/" || path == root || (path.starts_with(root) && path[root.size()] == '/');
}

bool is_writable(int directory, const char* name) {
  return ::faccessat(directory, name, W_OK, AT_EACCESS) == 0;
}

// The root of the whole tree, not that of a namespace: it alone has no type (and may hold processes beside
// other cgroups).
bool is_true_root(const Cgroup& cgroup) {
  return ::faccessat(cgroup.directory.get(), "cgroup.type", F_OK, 0) != 0 && errno == ENOENT;
}

bool is_delegated(const Cgroup& cgroup) {
  const int directory = cgroup.directory.get();
  return is_writable(directory, ".") && is_writable(directory, "cgroup.procs") &&
         is_writable(directory, "cgroup.subtree_control");
}

std::unexpected<Error> not_delegated(const std::string& path) {
  return refuse("the cgroup " + path + " is not delegated to uid " + std::to_string(::geteuid()));
}

}  // namespace

std::optional<std::string> unified_path(std::string_view proc_cgroup) {
  while (!proc_cgroup.empty()) {
    const std::string_view line = take_line(proc_cgroup);
    if (line.starts_with("0::/")) return std::string(line.substr(3));
  }
  return std::nullopt;
}

std::optional<CgroupMount> cgroup_mount(std::string_view mountinfo, std::string_view path) {
  while (!mountinfo.empty()) {
    std::string_view line = take_line(mountinfo);
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
    for (int field = 0; field < 3; ++field) take_word(line);  // its id, its parent's, the device
    CgroupMount mount;
    mount.root = unescaped_path(take_word(line));
    mount.point = unescaped_path(take_word(line));
    if (lies_below(path, mount.root)) return mount;
  }
  return std::nullopt;
}

bool may_add_beside(std::string_view path) {
  const auto is_units = [](std::string_view name) {
    return name.ends_with(".service") || name.ends_with(".scope") || name.ends_with(".slice");
  };
  const std::string_view own = path.substr(path.rfind('/') + 1);
  if (own.empty() || is_units(own)) return false;
  const std::string_view above = path.substr(0, path.rfind('/'));
  return !above.substr(above.rfind('/') + 1).ends_with(".slice");
}

bool is_persons(std::string_view path) {
  const std::size_t at = path.find("/user@");
  return at != std::string_view::npos && path.substr(at).find(".service/") != std::string_view::npos;
}

Result<> write_small(int directory, const char* file, std::string_view text) {
  const UniqueFd opened(::openat(directory, file, O_WRONLY | O_CLOEXEC));
  if (!opened) return failed(std::string("open ") + file);
  if (::write(opened.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed("write " + std::string(text) + " to " + file);
  return {};
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = words.find_first_of(" \n");
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

Result<OwnCgroup> own_cgroup() {
  const auto self = read_text(AT_FDCWD, "/proc/self/cgroup");
  const auto mounts = read_text(AT_FDCWD, "/proc/self/mountinfo");
  if (!self || !mounts) return failed("read /proc/self/cgroup");
  const auto path = unified_path(*self);
  const auto mount = path ? cgroup_mount(*mounts, *path) : std::nullopt;
  if (!mount) return failed("find this process in a cgroup v2 tree", ENOENT);
  OwnCgroup own;
  own.point = mount->point;
  own.relative = mount->root == "/" ? *path : path->substr(mount->root.size());
  own.cgroup.path = *path;
  own.cgroup.directory =
      UniqueFd(::open((own.point + own.relative).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!own.cgroup.directory) return failed("open the cgroup " + own.point + own.relative);
  // Something else may be mounted over the tree, and whatever is written there limits nothing.
  struct statfs system{};
  if (::fstatfs(own.cgroup.directory.get(), &system) != 0)
    return failed("look at the cgroup " + own.cgroup.path);
  if (system.f_type != CGROUP2_SUPER_MAGIC)
    return refuse("the cgroup v2 tree at " + own.point + " is covered by another mount");
  return own;
}

Result<Cgroup> place_beside(const OwnCgroup& own) {
  Cgroup place;
  if (is_true_root(own.cgroup)) {
    place.path = own.cgroup.path;
    place.directory = UniqueFd(::openat(own.cgroup.directory.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  } else {
    if (own.relative == "/" || own.relative.empty() || !may_add_beside(own.cgroup.path))
      return not_delegated(own.cgroup.path);
    place.path = own.cgroup.path.substr(0, std::max<std::size_t>(own.cgroup.path.rfind('/'), 1));
    place.directory = UniqueFd(::openat(own.cgroup.directory.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  if (!place.directory) return failed("open the cgroup " + place.path);
  if (!is_delegated(place)) return not_delegated(place.path);
  return place;
}

Result<> settle_below(const char* name) {
  const auto own = own_cgroup();
  if (!own || is_true_root(own->cgroup) || !is_delegated(own->cgroup)) return {};
  const int directory = own->cgroup.directory.get();
  const auto held = read_text(directory, "cgroup.procs");
  if (!held || *held != std::to_string(::getpid()) + "\n") return {};
  // SAFETY: a cgroup that was given to us, in which nobody else is.
  if (::mkdirat(directory, name, 0755) != 0 && errno != EEXIST)
    return failed("make a cgroup below " + own->cgroup.path);
  const UniqueFd leaf(::openat(directory, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!leaf) return failed("open a cgroup below " + own->cgroup.path);
  return write_small(leaf.get(), "cgroup.procs", "0");
}

}  // namespace pawl::sandbox
