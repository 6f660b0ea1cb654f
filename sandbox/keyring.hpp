// The session keyring (session-keyring(7)): inherited over fork, exec and namespaces, so a sandbox gets its
// own. Usable between clone and exec. Runs in the child.
#pragma once

namespace pawl::sandbox {

// Joins a new anonymous session keyring; 0 or an errno.
int join_own_keyring() noexcept;

}  // namespace pawl::sandbox
