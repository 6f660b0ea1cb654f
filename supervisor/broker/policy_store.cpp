#include "supervisor/broker/policy_store.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

namespace pawl::broker {
namespace {

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  if (DIR* open = ::opendir(directory.c_str()); open != nullptr) {
    while (const dirent* entry = ::readdir(open)) names.emplace_back(entry->d_name);
    ::closedir(open);
  }
  std::ranges::sort(names);
  return names;
}

// A change within the clock's tick that keeps size and inode is seen by ctime's nanoseconds.
std::string identity_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return path + ":-";
  return path + ":" + std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + ":" +
         std::to_string(status.st_size) + ":" + std::to_string(status.st_mode) + ":" +
         std::to_string(status.st_uid) + ":" + std::to_string(status.st_ctim.tv_sec) + "." +
         std::to_string(status.st_ctim.tv_nsec);
}

}  // namespace

std::string PolicyStore::fingerprint() const {
  std::string text = identity_of(home_.config);
  for (const std::string& directory : {home_.config, home_.config + "/roles"})
    for (const std::string& name : names_in(directory))
      if (name.ends_with(".toml")) text.append("\n").append(identity_of(directory + "/" + name));
  return text;
}

Result<const policy::Policy*> PolicyStore::current() {
  std::string now = fingerprint();
  if (now != seen_) {
    auto loaded = policy::load(home_);
    seen_ = std::move(now);
    policy_.reset();
    file_.reset();
    if (loaded) {
      file_ = std::make_unique<policy::Policy>(*std::move(loaded));
      announce_(*file_);
    } else {
      mistake_ = policy::as_error(loaded.error());
    }
  }
  const std::uint64_t people = live_.version();
  if (file_ && (!policy_ || people != seen_people_)) {
    policy_ = std::make_unique<policy::Policy>(live_.narrow(*file_));
    seen_people_ = people;
  }
  if (!policy_) {
    Error copy = mistake_;
    return std::unexpected(std::move(copy).during("policy").advising("run: pawl policy check"));
  }
  return policy_.get();
}

}  // namespace pawl::broker
