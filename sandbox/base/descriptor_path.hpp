// An open file by a path, for system calls that take no descriptor, or none of O_PATH: proc_pid_fd(5).
#pragma once

#include <string>

namespace pawl {

inline std::string descriptor_path(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

}  // namespace pawl
