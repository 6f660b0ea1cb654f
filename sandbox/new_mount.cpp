#include "sandbox/new_mount.hpp"

#include <algorithm>

#include "sandbox/base/mount_api.hpp"

namespace pawl::sandbox {
namespace {

// What lies below is hidden from the launcher alone, which has opened every source before. Not "/": a process
// whose root is covered may not make user namespaces.
constexpr const char* kPlacesAside[] = {"/tmp", "/mnt", "/run", "/var", "/usr"};

constexpr std::uint64_t kBytesAnInode = 4096;  // of a tmpfs' size
constexpr std::uint64_t kMinInodes = 16384;

std::string octal(mode_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7)));
  return "0" + digits;
}

}  // namespace

Result<NewMount> NewMount::open(const char* type) {
  UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)));
  if (!context) return failed(std::string("open ") + type);
  return NewMount(type, std::move(context));
}

Result<> NewMount::set(const char* key, const std::string& value) {
  if (::syscall(SYS_fsconfig, context_.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) != 0)
    return failed(std::string("configure ") + type_ + ": " + key);
  return {};
}

Result<> NewMount::set(const char* flag) {
  if (::syscall(SYS_fsconfig, context_.get(), FSCONFIG_SET_FLAG, flag, nullptr, 0) != 0)
    return failed(std::string("configure ") + type_ + ": " + flag);
  return {};
}

Result<UniqueFd> NewMount::mount(std::uint64_t attributes) {
  if (::syscall(SYS_fsconfig, context_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return failed(std::string("create ") + type_);
  UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context_.get(), FSMOUNT_CLOEXEC, attributes)));
  if (!mount) return failed(std::string("mount ") + type_);
  return mount;
}

Result<UniqueFd> new_tmpfs(std::uint64_t size, mode_t mode, std::uint64_t attributes) {
  NewMount tmpfs = TRY(NewMount::open("tmpfs"));
  TRY(tmpfs.set("size", std::to_string(size)));
  // Empty files have no size: without a number of its own the host's memory would be theirs.
  TRY(tmpfs.set("nr_inodes", std::to_string(std::max(size / kBytesAnInode, kMinInodes))));
  TRY(tmpfs.set("mode", octal(mode)));
  return tmpfs.mount(attributes);
}

Result<> attach_aside(const UniqueFd& tree) {
  for (const char* place : kPlacesAside)
    if (attach_tree(tree.get(), AT_FDCWD, place) == 0) return {};
  return failed("attach aside", errno);
}

}  // namespace pawl::sandbox
