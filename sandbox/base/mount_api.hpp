// The kernel's descriptor-based mount calls (open_tree(2), move_mount(2), mount_setattr(2), fsopen(2));
// glibc 2.36 declares only some of them. Each returns what the kernel returned: -1 with errno, or a
// descriptor. Usable between clone and exec. Runs in the launcher and in the child.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace pawl {

enum class Reach : unsigned { this_mount = 0, whole_tree = AT_RECURSIVE };

struct MountAttributes {  // struct mount_attr of mount_setattr(2)
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t userns_fd = 0;
};

// A detached copy of the tree at `path`; an empty path means `directory` itself.
inline int clone_tree(int directory, const char* path, Reach reach, int flags = 0) noexcept {
  const unsigned all = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(reach) |
                       static_cast<unsigned>(flags) | (*path == '\0' ? AT_EMPTY_PATH : 0u);
  return static_cast<int>(::syscall(SYS_open_tree, directory, path, all));
}

inline int set_mount_attributes(int mount, Reach reach, const MountAttributes& attributes) noexcept {
  return static_cast<int>(::syscall(SYS_mount_setattr, mount, "",
                                    AT_EMPTY_PATH | static_cast<unsigned>(reach), &attributes,
                                    sizeof(attributes)));
}

// Attaches a detached tree; an empty path means `directory` itself, whatever it is.
inline int attach_tree(int tree, int directory, const char* path) noexcept {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0u);
  return static_cast<int>(::syscall(SYS_move_mount, tree, "", directory, path, flags));
}

inline int open_beneath(int directory, const char* path, int flags) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof(how)));
}

inline int pivot_root_here() noexcept { return static_cast<int>(::syscall(SYS_pivot_root, ".", ".")); }

}  // namespace pawl
