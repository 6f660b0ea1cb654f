#include "sandbox/base/own_programs.hpp"

#include <unistd.h>

#include <array>
#include <climits>

namespace pawl {

Result<std::string> program_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return failed("read /proc/self/exe");
  const std::string_view self(path.data(), static_cast<std::size_t>(size));
  return std::string(self.substr(0, self.rfind('/')));
}

Result<std::string> find_program(std::string_view name) {
  const std::string directory = TRY(program_folder());
  // Clean paths: plans take no "..".
  const std::string installed = directory.substr(0, directory.rfind('/')) + "/libexec/pawl";
  std::string commands = directory;  // of a program in libexec/pawl: bin
  if (constexpr std::string_view inner = "/libexec/pawl"; directory.ends_with(inner))
    commands.replace(commands.size() - inner.size(), inner.size(), "/bin");
  for (const std::string& place : {directory, installed, commands}) {
    std::string found = place + "/" + std::string(name);
    if (::access(found.c_str(), X_OK) == 0) return found;
  }
  return refuse(std::string(name) + " is neither in " + directory + " nor in " + installed,
                "install pawl again, as a whole");
}

}  // namespace pawl
