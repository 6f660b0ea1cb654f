#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {

bool confined = true;
int told_by = -1;

Plants Plants::read(const char* file) {
  Plants plants;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t space = line.find(' '); space != std::string::npos)
      plants.values_[line.substr(0, space)] = line.substr(space + 1);
  return plants;
}

const std::string& Plants::operator[](const std::string& name) const {
  static const std::string nothing;
  const auto found = values_.find(name);
  return found == values_.end() ? nothing : found->second;
}

int Plants::number(const std::string& name) const {
  return static_cast<int>(std::strtol((*this)[name].c_str(), nullptr, 0));
}

int finds(const std::string& path, const std::string& wanted) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  std::string text;
  char piece[65536];
  ssize_t count = 0;
  while (text.size() < (4u << 20) && (count = ::read(file, piece, sizeof(piece))) > 0)
    text.append(piece, static_cast<std::size_t>(count));
  const int error = count < 0 ? errno : 0;
  ::close(file);
  if (error != 0) return error;
  return !wanted.empty() && text.find(wanted) != std::string::npos ? 0 : ENODATA;
}

int opens(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

int opens_if_there(const std::string& path, int flags) {
  const int error = opens(path, flags);
  return !confined && (error == ENOENT || error == ENXIO || error == ENODEV) ? kAbsent : error;
}

int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int outcome = work();
    ::_exit(outcome == kAbsent ? 255 : outcome);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) < 0) return errno;
  if (!WIFEXITED(status)) return EFAULT;
  return WEXITSTATUS(status) == 255 ? kAbsent : WEXITSTATUS(status);
}

int in_new_namespaces(int flags, const std::function<int()>& work) {
  if (confined && in_child(work) == 0) return 0;
  return in_child([&] {
    const int user = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
    return ::unshare(flags | user) != 0 ? errno : work();
  });
}

}  // namespace pawl::escape
