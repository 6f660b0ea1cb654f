// Paths as the kernel writes them in /proc/<pid>/mountinfo (proc_pid_mountinfo(5)). Pure.
#pragma once

#include <string>
#include <string_view>

namespace pawl::sandbox {

// Space, tab, newline and backslash stand there as \ooo.
std::string unescaped_path(std::string_view text);

// Where the mount of this line is attached; empty for what is no such line.
std::string mount_point(std::string_view line);

}  // namespace pawl::sandbox
