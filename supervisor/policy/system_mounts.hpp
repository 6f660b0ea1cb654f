// What every sandbox sees of the host: its programs, a synthesized /etc, own /proc, /dev and /tmp. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/plan.hpp"
#include "supervisor/policy/lower.hpp"

namespace pawl::policy {

// Who processes inside are, for /etc/passwd.
struct Account {
  std::string name;
  std::string home;
  InnerIdentity identity;
};

void add_system_mounts(const Account& account, std::uint64_t tmp_size, std::vector<sandbox::Mount>& mounts);

sandbox::Mount read_only_path(std::string_view path);  // at its own place, required
sandbox::Mount pawls_own(sandbox::Mount mount);        // links are followed, nothing is held against it
sandbox::Mount handed(sandbox::MountKind kind, std::string_view target,
                      std::uint32_t descriptor);  // a bind of a descriptor

}  // namespace pawl::policy
