#include "tools/pawl/changes/marks.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <optional>

#include "sandbox/base/descriptor_path.hpp"

namespace pawl::changes {
namespace {

constexpr char kOpaque[] = "user.overlay.opaque";
constexpr char kOrigin[] = "user.overlay.origin";
constexpr char kWhiteout[] = "user.overlay.whiteout";
constexpr char kRedirect[] = "user.overlay.redirect";
constexpr char kMetacopy[] = "user.overlay.metacopy";
constexpr const char* kRemedy =
    "pawl never mounts a workspace so; discard the session, or look at its folder";

// One name within an open folder: the last component is not followed, and the way to it is the descriptor.
std::string path_to(const UniqueFd& folder, const std::string& name) {
  return descriptor_path(folder.get()) + "/" + name;
}

// The first bytes of an attribute; nullopt: it is not there.
Result<std::optional<std::string>> attribute(const std::string& path, const char* name) {
  std::array<char, 8> value{};
  const ssize_t size = ::lgetxattr(path.c_str(), name, value.data(), value.size());
  if (size >= 0) return std::string(value.data(), static_cast<std::size_t>(size));
  if (errno == ERANGE) return std::string(value.data(), value.size());
  if (errno == ENODATA || errno == EOPNOTSUPP || errno == ENOENT) return std::nullopt;
  return failed(std::string("read the attribute ") + name);
}

}  // namespace

Result<FolderMarks> marks_of_folder(const UniqueFd& parent, const std::string& name) {
  const std::string path = path_to(parent, name);
  if (TRY(attribute(path, kRedirect))) return refuse("the folder stands for another one", kRemedy);
  FolderMarks marks;
  if (const auto opaque = TRY(attribute(path, kOpaque))) {
    if (*opaque == "y")
      marks.opaque = FolderMarks::Opaque::yes;
    else if (*opaque == "x")
      marks.opaque = FolderMarks::Opaque::whiteouts;
    else
      return refuse("the folder has a mark of overlayfs that pawl does not know", kRemedy);
  }
  if (TRY(attribute(path, kOrigin))) marks.origin = FolderMarks::Origin::copied_up;
  return marks;
}

Result<FileMarks> marks_of_file(const UniqueFd& parent, const std::string& name) {
  const std::string path = path_to(parent, name);
  if (TRY(attribute(path, kMetacopy))) return refuse("the file's content is elsewhere", kRemedy);
  FileMarks marks;
  if (TRY(attribute(path, kOrigin))) marks.origin = FileMarks::Origin::copied_up;
  if (TRY(attribute(path, kWhiteout))) marks.whiteout = FileMarks::Whiteout::yes;
  return marks;
}

Result<> set_opaque(const UniqueFd& folder) {
  if (::fsetxattr(folder.get(), kOpaque, "y", 1, 0) != 0) return failed("mark a folder of the changes");
  return {};
}

Result<> clear_opaque(const UniqueFd& folder) {
  if (::fremovexattr(folder.get(), kOpaque) != 0 && errno != ENODATA)
    return failed("mark a folder of the changes");
  return {};
}

Result<> make_whiteout(const UniqueFd& folder, const std::string& name) {
  if (::mknodat(folder.get(), name.c_str(), S_IFCHR, makedev(0, 0)) != 0 && errno != EEXIST)
    return failed("make a whiteout for " + name);
  return {};
}

}  // namespace pawl::changes
