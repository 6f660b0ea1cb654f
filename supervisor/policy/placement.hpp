// Which host paths may be shown in a sandbox, and as what. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::policy {

// A workspace is a project's folder: never the system's, a HOME or what holds one, what holds or lies in one
// of `private_directories`. `path` is canonical.
Result<> check_workspace(std::string_view path, std::string_view person_home,
                         const std::vector<std::string>& private_directories);

// What a home or a vendor's program keeps credentials in: a folder that has one at its top is no project.
std::span<const std::string_view> credential_folders();

// A path that a role or an action names may not show, hold or lie in one of `private_directories`.
Result<> check_apart(std::string_view path, const std::vector<std::string>& private_directories);

}  // namespace pawl::policy
