#include "tools/pawl/standard_streams.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pawl::run {
namespace {

wire::StandardStream kind_of(int number) {
  struct stat status{};
  if (::fstat(number, &status) != 0) return wire::StandardStream::null;
  if (::isatty(number) == 1) return wire::StandardStream::terminal;
  const bool null_device = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
  return null_device ? wire::StandardStream::null : wire::StandardStream::stream;
}

}  // namespace

StreamKinds stream_kinds() { return {kind_of(0), kind_of(1), kind_of(2)}; }

Result<HandedStream> hand_stream(int number) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe");
  UniqueFd reading(ends[0]), writing(ends[1]);
  UniqueFd& relayed = number == 0 ? writing : reading;
  // Only our end: the command's must block as programs expect.
  if (::fcntl(relayed.get(), F_SETFL, O_NONBLOCK) != 0) return failed("set up a pipe");
  if (number == 0) return HandedStream{std::move(reading), std::move(writing)};
  return HandedStream{std::move(writing), std::move(reading)};
}

bool errors_follow_output() {
  // kcmp(2): 0 for the same open file. A kernel without it, or a filter around us, keeps them apart.
  return ::syscall(SYS_kcmp, ::getpid(), ::getpid(), KCMP_FILE, STDOUT_FILENO, STDERR_FILENO) == 0;
}

}  // namespace pawl::run
