#include "sandbox/proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pawl::sandbox {

int write_proc_file(const char* path, const char* text) noexcept {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const ssize_t written = ::write(file, text, std::strlen(text));
  const int error = written < 0 ? errno : 0;
  ::close(file);
  return error;
}

}  // namespace pawl::sandbox
