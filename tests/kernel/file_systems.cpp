#include "tests/kernel/file_systems.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/kernel/harness.hpp"

namespace pawl::testing {
namespace {

constexpr const char* kMakeBtrfs = "/usr/sbin/mkfs.btrfs";
constexpr off_t kImageSize = 128 << 20;  // bytes, sparse

void keep_mounts_private() {
  static const bool done = [] {
    REQUIRE(::unshare(CLONE_NEWNS) == 0);
    REQUIRE(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    return true;
  }();
  (void)done;
}

bool succeeds(std::vector<std::string> command) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    for (const int number : {1, 2})
      ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), number);  // mkfs gives advice
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

bool kernel_knows(const std::string& type) {
  std::ifstream known("/proc/filesystems");
  for (std::string line; std::getline(known, line);)
    if (line.ends_with("\t" + type)) return true;
  return false;
}

}  // namespace

Mounted::Mounted(const std::string& type, std::string place, const std::string& options)
    : place_(std::move(place)) {
  keep_mounts_private();
  REQUIRE(::mount(type.c_str(), place_.c_str(), type.c_str(), 0, options.c_str()) == 0);
}

Mounted::~Mounted() { ::umount2(place_.c_str(), MNT_DETACH); }

bool Btrfs::can_be_made() {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return false;
  }
  if (::access(kMakeBtrfs, X_OK) != 0) {
    WARN("skipped: mkfs.btrfs is not installed");
    return false;
  }
  if (!kernel_knows("btrfs")) {
    WARN("skipped: this kernel has no btrfs");
    return false;
  }
  return true;
}

Btrfs::Btrfs() {
  keep_mounts_private();
  std::string pattern = "/tmp/pawl-btrfs-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  ::chmod(folder_.c_str(), 0755);
  std::filesystem::create_directory(place());
  std::ofstream(folder_ + "/image").flush();
  REQUIRE(::truncate((folder_ + "/image").c_str(), kImageSize) == 0);
  REQUIRE(succeeds({kMakeBtrfs, "-q", folder_ + "/image"}));
  REQUIRE(succeeds({"mount", "-t", "btrfs", "-o", "loop", folder_ + "/image", place()}));
  ::chmod(place().c_str(), 01777);
}

Btrfs::~Btrfs() {
  ::umount2(place().c_str(), 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace pawl::testing
