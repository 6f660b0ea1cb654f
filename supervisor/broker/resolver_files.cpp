#include "supervisor/broker/resolver_files.hpp"

#include <sys/stat.h>

namespace pawl::broker {

std::vector<FileState> resolver_state(const std::vector<std::string>& paths) {
  std::vector<FileState> states;
  for (const std::string& path : paths) {
    FileState& state = states.emplace_back();
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) continue;
    state = {status.st_dev, status.st_ino,
             status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec};
  }
  return states;
}

}  // namespace pawl::broker
