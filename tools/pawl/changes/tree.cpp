#include "tools/pawl/changes/tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <array>

namespace pawl::changes {
namespace {

constexpr int kTries = 16;  // openat2 says EAGAIN when something was renamed meanwhile

Type type_of(std::uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return Type::file;
    case S_IFDIR:
      return Type::folder;
    case S_IFLNK:
      return Type::symlink;
    case S_IFIFO:
      return Type::fifo;
    case S_IFSOCK:
      return Type::socket;
    case S_IFCHR:
      return Type::character_device;
    case S_IFBLK:
      return Type::block_device;
    default:
      return Type::other;
  }
}

std::int64_t nanoseconds(const struct statx_timestamp& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Node node_of(const struct statx& status) {
  Node node;
  node.type = type_of(status.stx_mode);
  node.mode = status.stx_mode & 07777u;
  node.size = status.stx_size;
  node.inode = status.stx_ino;
  node.links = status.stx_nlink;
  node.device_number = makedev(status.stx_rdev_major, status.stx_rdev_minor);
  node.modified = nanoseconds(status.stx_mtime);
  node.changed = nanoseconds(status.stx_ctime);
  if ((status.stx_mask & STATX_BTIME) != 0) node.born = nanoseconds(status.stx_btime);
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) node.mounted = Mounted::yes;
  return node;
}

Result<std::optional<Node>> look_by(int descriptor, const char* name, int flags) {
  struct statx status{};
  if (::statx(descriptor, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
              STATX_BASIC_STATS | STATX_BTIME, &status) == 0)
    return node_of(status);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return failed("look at a file");
}

}  // namespace

std::string_view word(Type type) {
  switch (type) {
    case Type::file:
      return "file";
    case Type::folder:
      return "folder";
    case Type::symlink:
      return "symlink";
    case Type::fifo:
      return "fifo";
    case Type::socket:
      return "socket";
    case Type::character_device:
    case Type::block_device:
      return "device";
    case Type::other:
      break;
  }
  return "special file";
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string join(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

UniqueFd open_within(const UniqueFd& top, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const char* const name = path.empty() ? "." : path.c_str();
  for (int tries = 0;; ++tries) {
    const long descriptor = ::syscall(SYS_openat2, top.get(), name, &how, sizeof(how));
    if (descriptor >= 0 || errno != EAGAIN || tries == kTries) return UniqueFd(static_cast<int>(descriptor));
  }
}

Result<UniqueFd> open_folder(const UniqueFd& top, const std::string& path) {
  UniqueFd folder = open_within(top, path, O_RDONLY | O_DIRECTORY);
  if (!folder) return failed("open folder " + (path.empty() ? "." : path));
  return folder;
}

Result<UniqueFd> open_file(const UniqueFd& top, const std::string& path) {
  // O_NONBLOCK: a fifo that took the file's place is refused below and must not hold us here.
  UniqueFd file = open_within(top, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return failed("open " + path);
  if (TRY(look_at(file)).type != Type::file) return refuse(path + " is no regular file any more");
  return file;
}

Result<std::optional<Node>> look(const UniqueFd& top, const std::string& path) {
  const UniqueFd place = open_within(top, path, O_PATH);
  if (!place) {
    // A symlink on the way leads elsewhere: beneath the top there is nothing of that name.
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::nullopt;
    return failed("look at " + path);
  }
  return look_by(place.get(), "", AT_EMPTY_PATH);
}

Result<std::optional<Node>> look_in(const UniqueFd& folder, const std::string& name) {
  return look_by(folder.get(), name.c_str(), 0);
}

Result<Node> look_at(const UniqueFd& open) {
  const auto node = TRY(look_by(open.get(), "", AT_EMPTY_PATH));
  if (!node) return refuse("an open file is gone");
  return *node;
}

Result<std::string> read_link(const UniqueFd& folder, const std::string& name) {
  std::array<char, kMaxPath + 97> target{};
  const ssize_t size = ::readlinkat(folder.get(), name.c_str(), target.data(), target.size());
  if (size < 0) return failed("read link " + name);
  return std::string(target.data(), static_cast<std::size_t>(size));
}

Result<std::string> read_link_within(const UniqueFd& top, const std::string& path) {
  const UniqueFd place = open_within(top, path, O_PATH);
  if (!place) return failed("read link " + path);
  return TRY_DURING(path, read_link(place, ""));
}

}  // namespace pawl::changes
