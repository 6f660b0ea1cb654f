// Id maps of a user namespace (user_namespaces(7)): always exactly one uid and one gid, each to itself. Host
// uid 0 is never mapped: a capability-less process mapped from root could still write what root may write.
// Runs in the launcher and, through the raw form, in the child.
#pragma once

#include <array>

#include "sandbox/base/error.hpp"
#include "sandbox/identity.hpp"

namespace pawl::sandbox {

// The texts, made before clone.
struct IdMaps {
  std::array<char, 48> uids{};
  std::array<char, 48> gids{};
};

IdMaps single_id_maps(const Identity& identity);
// Writes them for the calling process, whose user namespace is new. 0 or an errno. Usable between clone and
// exec.
int write_id_maps(const IdMaps& maps) noexcept;

}  // namespace pawl::sandbox
