// Files that were open where the session was started.
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

int read_file(const Plants& plants) {
  char text[256] = {};
  if (::pread(plants.number("open_file"), text, sizeof(text) - 1, 0) < 0) return errno;
  return std::strstr(text, plants["secret"].c_str()) != nullptr ? 0 : ENODATA;
}
int walk_folder(const Plants& plants) {
  const int file = ::openat(plants.number("open_folder"), ".netrc", O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}
int into_folder(const Plants& plants) {
  return in_child(
      [&] { return ::fchdir(plants.number("open_folder")) != 0 ? errno : opens(".netrc", O_RDONLY); });
}
int use_socket(const Plants& plants) {
  return answer(::send(plants.number("open_socket"), "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
}
// By the links in /proc, which open anew what a descriptor leads to.
int by_link(const Plants& plants) { return finds("/proc/self/fd/" + plants["open_file"], plants["secret"]); }
int of_parent(const Plants& plants) {
  return in_child([&] {
    return finds("/proc/" + std::to_string(::getppid()) + "/fd/" + plants["open_file"], plants["secret"]);
  });
}
// Anything beyond the three that a program is given.
int any_left(const Plants&) {
  for (int number = 3; number < 4096; ++number)
    if (number != told_by && ::fcntl(number, F_GETFD) >= 0) return 0;
  return EBADF;
}

constexpr Attempt kAttempts[] = {
    {"read-an-open-file", Needs::user, read_file},
    {"walk-an-open-folder", Needs::user, walk_folder},
    {"change-into-an-open-folder", Needs::user, into_folder},
    {"use-an-open-socket", Needs::user, use_socket},
    {"open-it-anew", Needs::user, by_link},
    {"of-its-parent", Needs::user, of_parent},
    {"any-that-is-left", Needs::user, any_left},
};

}  // namespace

std::span<const Attempt> descriptors() { return kAttempts; }

}  // namespace pawl::escape
