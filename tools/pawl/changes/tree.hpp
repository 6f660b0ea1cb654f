// Looks at a tree that somebody else arranged: by descriptor, beneath its top, through no symlink and into no
// other mount. Runs in pawl-cli, as the person; the names and files are the agent's (upper layer) or the
// person's (workspace).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::changes {

enum class Type : std::uint8_t { file, folder, symlink, fifo, socket, character_device, block_device, other };
constexpr Type last_of(Type) { return Type::other; }
std::string_view word(Type type);  // for people and for JSON: "file", "folder", …

inline constexpr std::uint32_t kPermissions = 0777;  // of a mode: what is compared and written

enum class Mounted : std::uint8_t { no, yes };  // yes: another file system covers it

// What statx(2) tells of one name.
struct Node {
  Type type = Type::other;
  std::uint32_t mode = 0;  // the twelve permission bits
  std::uint64_t size = 0;  // bytes
  std::uint64_t inode = 0;
  std::uint64_t links = 1;
  std::uint64_t device_number = 0;   // of a device: 0 is 0:0
  std::int64_t modified = 0;         // ns since 1970
  std::int64_t changed = 0;          // ns since 1970: ctime
  std::optional<std::int64_t> born;  // ns since 1970, where the file system keeps it
  Mounted mounted = Mounted::no;
};

// Longest path that is followed; deeper ones are left out by whoever walks.
inline constexpr std::size_t kMaxPath = 4000;  // bytes, below PATH_MAX

std::string_view parent_of(std::string_view path);  // "" for a name at the top
std::string_view name_of(std::string_view path);
std::string join(std::string_view folder, std::string_view name);

// openat2(2) with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS and NO_XDEV; "" is the top itself.
UniqueFd open_within(const UniqueFd& top, const std::string& path, int flags);

// The folder at `path`, for listing and as a start for single names.
Result<UniqueFd> open_folder(const UniqueFd& top, const std::string& path);
// A regular file, for reading.
Result<UniqueFd> open_file(const UniqueFd& top, const std::string& path);

// Nothing there is no error. The second form takes one name within an open folder.
Result<std::optional<Node>> look(const UniqueFd& top, const std::string& path);
Result<std::optional<Node>> look_in(const UniqueFd& folder, const std::string& name);
Result<Node> look_at(const UniqueFd& open);

Result<std::string> read_link(const UniqueFd& folder, const std::string& name);
Result<std::string> read_link_within(const UniqueFd& top, const std::string& path);

}  // namespace pawl::changes
