#include "tools/pawl/changes/staging.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "sandbox/base/descriptor_path.hpp"

namespace pawl::changes {
namespace {

constexpr std::size_t kPiece = 1024 * 1024;

Result<> copy_piece(const UniqueFd& from, const UniqueFd& to, off_t offset, std::size_t size,
                    std::string& bytes) {
  while (size > 0) {
    const ssize_t got = ::pread(from.get(), bytes.data(), std::min(size, bytes.size()), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read the session's file");
    if (got == 0) return refuse("the session's file became shorter");
    for (ssize_t at = 0; at < got;) {
      const ssize_t written =
          ::pwrite(to.get(), bytes.data() + at, static_cast<std::size_t>(got - at), offset + at);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("write");
      at += written;
    }
    offset += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<> copy_content(const UniqueFd& from, const UniqueFd& to, std::uint64_t size, Steps& steps) {
  const auto end = static_cast<off_t>(size);
  std::string bytes(std::min<std::uint64_t>(kPiece, size), '\0');
  for (off_t at = 0; at < end;) {
    off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole is left
    if (data < 0) data = at;
    off_t hole = ::lseek(from.get(), data, SEEK_HOLE);
    if (hole < 0 || hole > end) hole = end;
    TRY(steps.next("write"));
    TRY(copy_piece(from, to, data, static_cast<std::size_t>(hole - data), bytes));
    at = hole;
  }
  TRY(steps.next("ftruncate"));
  if (::ftruncate(to.get(), end) != 0) return failed("write");
  return {};
}

// The person's own attributes and access list survive, as they would in an editor that writes in place.
Result<> carry_attributes(const UniqueFd& folder, const std::string& from, const UniqueFd& to) {
  const std::string path = descriptor_path(folder.get()) + "/" + from;
  std::string names(65536, '\0');
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  if (size <= 0) return {};
  names.resize(static_cast<std::size_t>(size));
  std::string value(65536, '\0');
  for (std::size_t at = 0; at < names.size(); at += std::string_view(names.c_str() + at).size() + 1) {
    const std::string name = names.c_str() + at;
    if (name != "system.posix_acl_access" && !name.starts_with("user.")) continue;
    const ssize_t got = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (got < 0 && errno == ENODATA) continue;
    if (got < 0 || ::fsetxattr(to.get(), name.c_str(), value.data(), static_cast<std::size_t>(got), 0) != 0)
      return failed("keep the attribute " + name);
  }
  return {};
}

}  // namespace

Result<> give_to_owner(const UniqueFd& workspace, const UniqueFd& made) {
  struct stat status{};
  if (::geteuid() != 0) return {};
  if (::fstat(workspace.get(), &status) != 0) return failed("look at the workspace");
  if (status.st_uid == 0 && status.st_gid == ::getegid()) return {};
  struct stat own{};
  if (::fstat(made.get(), &own) != 0) return failed("look at what was made");
  const bool is_ours = own.st_uid == 0 && (S_ISDIR(own.st_mode) || own.st_nlink == 1);
  if (!is_ours) return refuse("something else stands in the place of what was made");
  if (::fchownat(made.get(), "", status.st_uid, status.st_gid, AT_EMPTY_PATH) != 0)
    return failed("give it to the workspace's owner");
  return {};
}

Result<Mark> stage_copy(const Copy& copy, const Operation& operation, Steps& steps) {
  TRY(steps.next("open"));
  const UniqueFd file(::openat(copy.folder.get(), copy.name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed("make a file");
  TRY(copy_content(copy.source, file, operation.source->size, steps));
  TRY(give_to_owner(copy.workspace, file));
  if (operation.expected && operation.expected->type == Type::file)
    TRY(carry_attributes(copy.folder, copy.beside, file));
  TRY(steps.next("fchmod"));
  if (::fchmod(file.get(), operation.mode) != 0) return failed("set permissions");
  return Mark::of(TRY(look_at(file)));
}

}  // namespace pawl::changes
