// What an agent may do, and has to be able to: were it refused too, the refusals of all the others would say
// nothing.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

int read_the_workspace(const Plants& plants) {
  return finds(plants["workspace"] + "/control", plants["secret"]);
}
int write_to_tmp(const Plants&) { return opens("/tmp", O_TMPFILE | O_RDWR); }
int make_a_process(const Plants&) {
  return in_child([] { return 0; });
}
int execute_a_program(const Plants&) {
  return in_child([] {
    ::execl("/usr/bin/true", "true", nullptr);
    return errno;
  });
}
int talk_over_a_socket(const Plants&) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int caller = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // An abstract address that the kernel chooses.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0)
    return errno;
  size = sizeof(address);
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return errno;
  return answer(::connect(caller, reinterpret_cast<sockaddr*>(&address), size));
}

constexpr Attempt kAttempts[] = {
    {"read-the-workspace", Needs::user, read_the_workspace},
    {"write-to-tmp", Needs::user, write_to_tmp},
    {"make-a-process", Needs::user, make_a_process},
    {"execute-a-program", Needs::user, execute_a_program},
    {"talk-over-a-socket", Needs::user, talk_over_a_socket},
};

}  // namespace

std::span<const Attempt> controls() { return kAttempts; }

}  // namespace pawl::escape
