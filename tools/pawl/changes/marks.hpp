// The extended attributes with which overlayfs(5, Documentation/filesystems/overlayfs.rst) marks its upper
// layer when it is mounted with `userxattr`. An agent cannot set them from inside: the kernel escapes or
// refuses names below user.overlay. Runs in pawl-cli, as the person.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {

struct FolderMarks {
  enum class Opaque : std::uint8_t { no, yes, whiteouts };  // whiteouts: "x", it holds attribute whiteouts
  Opaque opaque = Opaque::no;
  enum class Origin : std::uint8_t { none, copied_up } origin = Origin::none;
};

// Refuses what this program would misread: a folder that stands for another one (redirect).
Result<FolderMarks> marks_of_folder(const UniqueFd& parent, const std::string& name);

// Refuses a file whose content is elsewhere (metacopy).
struct FileMarks {
  enum class Origin : std::uint8_t { none, copied_up } origin = Origin::none;
  enum class Whiteout : std::uint8_t { no, yes } whiteout = Whiteout::no;
};
Result<FileMarks> marks_of_file(const UniqueFd& parent, const std::string& name);

constexpr bool is_device_whiteout(const Node& node) {
  return node.type == Type::character_device && node.device_number == 0;
}

// Marks a folder of the upper layer as hiding all of what lies below it, or as hiding nothing.
Result<> set_opaque(const UniqueFd& folder);
Result<> clear_opaque(const UniqueFd& folder);
// A whiteout for `name`; the kernel lets everybody make one (Linux 5.8).
Result<> make_whiteout(const UniqueFd& folder, const std::string& name);

}  // namespace pawl::changes
