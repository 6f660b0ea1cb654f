#include "supervisor/policy/trusted_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "sandbox/limits.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

constexpr int kMostSymlinks = 40;  // as the kernel (path_resolution(7))

bool trusted_owner(const struct stat& status, Trust trust) {
  return status.st_uid == 0 || status.st_uid == trust.owner;
}

Result<> check_trust(const struct stat& status, Trust trust, const std::string& shown) {
  if (!trusted_owner(status, trust))
    return refuse(shown + " belongs to uid " + std::to_string(status.st_uid),
                  "it must belong to root or uid " + std::to_string(trust.owner));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse(shown + " is writable by others than its owner", "chmod go-w " + shown);
  return {};
}

Result<struct stat> status_of(int fd, const std::string& shown) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return failed("look at " + shown);
  return status;
}

void push_segments(std::string_view path, std::deque<std::string>& segments) {
  std::deque<std::string> added;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash != 0) added.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  segments.insert(segments.begin(), added.begin(), added.end());
}

Result<std::string> target_of(int link, const std::string& shown) {
  std::string target(4096, '\0');
  const ssize_t size = readlinkat(link, "", target.data(), target.size());
  if (size < 0) return failed("read the symlink " + shown);
  if (size == 0 || static_cast<std::size_t>(size) == target.size())
    return refuse("the symlink " + shown + " leads too far");
  target.resize(static_cast<std::size_t>(size));
  return target;
}

Result<UniqueFd> open_root(Trust trust) {
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failed("open /");
  const struct stat status = TRY(status_of(root.get(), "/"));
  TRY(check_trust(status, trust, "/"));
  return root;
}

// The walk's one step: what stands under this name, itself and not where it leads.
Result<UniqueFd> step_into(int parent, const std::string& name, const std::string& shown) {
  UniqueFd entry(openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!entry) return failed("open " + shown);
  return entry;
}

}  // namespace

Result<UniqueFd> open_trusted_directory(const std::string& path, Trust trust) {
  if (!clean_absolute(path)) return refuse(quoted(path) + " is not a clean absolute path");
  std::deque<std::string> left;
  push_segments(path, left);
  UniqueFd current = TRY(open_root(trust));
  std::string shown;
  for (int symlinks = 0; !left.empty();) {
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name == ".") continue;
    const std::string here = std::string(shown).append("/").append(name);
    UniqueFd entry = TRY(step_into(current.get(), name, here));
    const struct stat status = TRY(status_of(entry.get(), here));
    if (S_ISLNK(status.st_mode)) {
      if (!trusted_owner(status, trust) || ++symlinks > kMostSymlinks)
        return refuse("the symlink " + here + " is not followed",
                      "it belongs to uid " + std::to_string(status.st_uid));
      const std::string target = TRY(target_of(entry.get(), here));
      push_segments(target, left);
      if (target.starts_with('/')) {
        current = TRY(open_root(trust));
        shown.clear();
      }
      continue;
    }
    if (!S_ISDIR(status.st_mode)) return refuse(here + " is not a directory");
    TRY(check_trust(status, trust, here));
    current = std::move(entry);
    shown = here;
  }
  UniqueFd directory(openat(current.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open " + path);
  return directory;
}

Result<UniqueFd> open_trusted_subdirectory(int parent, const std::string& name, Trust trust) {
  UniqueFd directory(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return failed("open the folder " + name);
  const struct stat status = TRY(status_of(directory.get(), name));
  TRY(check_trust(status, trust, name));
  return directory;
}

Result<UniqueFd> open_trusted_file(int directory, const std::string& name, Trust trust) {
  // O_NONBLOCK: a FIFO under this name must not hold the broker up.
  UniqueFd file(openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) {
    if (errno == ELOOP) return refuse(quoted(name) + " is a symlink", "put the file itself here");
    return failed("open " + name);
  }
  const struct stat status = TRY(status_of(file.get(), name));
  if (!S_ISREG(status.st_mode)) return refuse(quoted(name) + " is not a regular file");
  TRY(check_trust(status, trust, name));
  return file;
}

Result<std::string> read_trusted_file(int directory, const std::string& name, Trust trust,
                                      std::size_t limit) {
  const UniqueFd file = TRY(open_trusted_file(directory, name, trust));
  std::string text;
  char block[16 * 1024];
  for (;;) {
    const ssize_t size = read(file.get(), block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read " + name);
    if (size == 0) return text;
    text.append(block, static_cast<std::size_t>(size));
    if (text.size() > limit) return refuse(name + " is larger than " + sandbox::size_text(limit));
  }
}

Result<std::vector<std::string>> list_directory(int directory) {
  UniqueFd own(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return failed("open a folder");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own.get()), closedir);
  if (stream == nullptr) return failed("list a folder");
  own.release();  // the stream closes it
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr && errno != 0) return failed("list a folder");
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace pawl::policy
