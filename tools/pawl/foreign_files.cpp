#include "tools/pawl/foreign_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <deque>
#include <memory>

namespace pawl::run {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kEntries = 2000;
constexpr std::size_t kLevels = 3;
constexpr std::chrono::milliseconds kTime{20};  // a slow file system is not waited for

struct Folder {
  std::string path;  // "" for the top, else with a trailing slash
  std::size_t level;
};

class Search {
 public:
  Search(const UniqueFd& top, FolderOwner session) : top_(top), session_(session) {}

  ForeignFiles run() {
    left_.push_back({"", 1});
    while (!left_.empty() && !over()) {
      const Folder folder = std::move(left_.front());
      left_.pop_front();
      look_into(folder);
    }
    return std::move(found_);
  }

 private:
  bool over() const { return seen_ >= kEntries || Clock::now() > deadline_; }

  void look_into(const Folder& folder) {
    const std::string path = folder.path.empty() ? "." : folder.path;
    const int opened = ::openat(top_.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) return;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(opened), &::closedir);
    while (const dirent* entry = over() ? nullptr : ::readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") look_at(folder, ::dirfd(entries.get()), entry->d_name);
    }
  }

  void look_at(const Folder& folder, int directory, const char* name) {
    ++seen_;
    struct stat status{};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if ((status.st_uid != session_.uid || status.st_gid != session_.gid) && found_.count++ == 0)
      found_.first = folder.path + name;
    if (S_ISDIR(status.st_mode) && folder.level < kLevels)
      left_.push_back({folder.path + name + "/", folder.level + 1});
  }

  const UniqueFd& top_;
  const FolderOwner session_;
  const Clock::time_point deadline_ = Clock::now() + kTime;
  std::deque<Folder> left_;
  std::size_t seen_ = 0;
  ForeignFiles found_;
};

}  // namespace

ForeignFiles find_foreign(const UniqueFd& workspace, FolderOwner session) {
  return Search(workspace, session).run();
}

std::string foreign_warning(const ForeignFiles& found, FolderOwner session) {
  if (found.count == 0) return {};
  const std::string others = found.count == 1 ? "" : " and " + std::to_string(found.count - 1) + " more";
  return "the command cannot change " + found.first + others +
         " in the workspace, which other users or groups own (chown -R " + std::to_string(session.uid) + ":" +
         std::to_string(session.gid) + " it)";
}

}  // namespace pawl::run
