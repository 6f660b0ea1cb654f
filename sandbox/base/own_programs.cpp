#include "sandbox/base/own_programs.hpp"

#include <unistd.h>

#include <array>
#include <climits>

namespace pawl {

Result<std::string> find_program(std::string_view name) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return failed("read /proc/self/exe");
  const std::string self(path.data(), static_cast<std::size_t>(size));
  const std::string directory = self.substr(0, self.rfind('/'));
  for (const char* place : {"/", "/../libexec/pawl/"}) {
    std::string found = directory + place + std::string(name);
    if (::access(found.c_str(), X_OK) == 0) return found;
  }
  return refuse(
      std::string(name) + " is neither in " + directory + " nor in " + directory + "/../libexec/pawl",
      "install pawl again, as a whole");
}

}  // namespace pawl
