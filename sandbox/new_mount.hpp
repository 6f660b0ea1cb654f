// A file system of our own, from fsopen(2) to a detached mount. Runs in the launcher, inside U0.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

class NewMount {
 public:
  static Result<NewMount> open(const char* type);

  Result<> set(const char* key, const std::string& value);
  Result<> set(const char* flag);
  // Last: makes it. The errno of a refusal is the file system's own.
  Result<UniqueFd> mount(std::uint64_t attributes);

 private:
  NewMount(const char* type, UniqueFd context) : type_(type), context_(std::move(context)) {}

  const char* type_;
  UniqueFd context_;
};

// `size` in bytes.
Result<UniqueFd> new_tmpfs(std::uint64_t size, mode_t mode, std::uint64_t attributes);

// Attaches a detached tree in our own mount namespace, where only the launcher sees it: some calls take
// nothing that is attached nowhere. A later one lies over an earlier one, and descriptors lead to each of
// them still.
Result<> attach_aside(const UniqueFd& tree);

}  // namespace pawl::sandbox
