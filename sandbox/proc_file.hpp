// Writing a setting below /proc. Usable between clone and exec. Runs in the launcher and in the child.
#pragma once

namespace pawl::sandbox {

// One write of the whole text; 0 or an errno.
int write_proc_file(const char* path, const char* text) noexcept;

}  // namespace pawl::sandbox
