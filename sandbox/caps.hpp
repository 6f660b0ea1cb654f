// Capabilities, without libcap: everything goes, so two kernel calls say it all. Each returns 0 or an errno.
// Usable between clone and exec. Runs in the launcher and in the child.
#pragma once

namespace pawl::sandbox {

// Effective, permitted, inheritable and ambient sets of this process.
int drop_own_capabilities() noexcept;
// Those, and the bounding set: nothing that it executes can have a capability again.
int drop_all_capabilities() noexcept;

}  // namespace pawl::sandbox
