// Reads files that carry authority. Runs in pawld and people's commands. Opened beneath directory
// descriptors, one path segment at a time, without following symlinks that somebody else could have placed;
// what was checked is what is read.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::policy {

struct Trust {
  uid_t owner = 0;  // root and this uid are trusted
};

// O_PATH-free directory descriptor of an absolute path. Every directory on the way is owned by root or
// `trust.owner` and not writable by group or others (a sticky /tmp neither); symlinks on the way are followed
// only if they belong to the trusted.
Result<UniqueFd> open_trusted_directory(const std::string& path, Trust trust);
// One directory below an open one, by the same rules. ENOENT keeps its errnum.
Result<UniqueFd> open_trusted_subdirectory(int parent, const std::string& name, Trust trust);
// A regular file directly in `directory`, by the same rules, never a symlink. ENOENT keeps its errnum.
Result<UniqueFd> open_trusted_file(int directory, const std::string& name, Trust trust);
// The whole text of such a file. Refuses more than `limit` bytes.
Result<std::string> read_trusted_file(int directory, const std::string& name, Trust trust, std::size_t limit);
// Names of the entries of a directory, sorted, without "." and "..".
Result<std::vector<std::string>> list_directory(int directory);

}  // namespace pawl::policy
