#include "sandbox/init/execute.hpp"

#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>

#include <cstddef>

#include "sandbox/init/kernel.hpp"

namespace pawl::init {
namespace {

constexpr const char* kUsualPath = "/bin:/usr/bin";  // confstr(3), _CS_PATH

bool has_slash(const char* text) noexcept {
  for (; *text != '\0'; ++text)
    if (*text == '/') return true;
  return false;
}

const char* path_in(char** environment) noexcept {
  for (; *environment != nullptr; ++environment) {
    const char* const variable = *environment;
    if (variable[0] == 'P' && variable[1] == 'A' && variable[2] == 'T' && variable[3] == 'H' &&
        variable[4] == '=')
      return variable + 5;
  }
  return kUsualPath;
}

// A script without a first line that names its interpreter is the shell's. The word before the command's is
// pawl-init's own, and not needed any more.
int execute_by_shell(const char* file, char** words, char** environment) noexcept {
  static char shell[] = "/bin/sh";
  char* const name = words[0];
  words[0] = const_cast<char*>(file);
  words[-1] = shell;
  const long error = call(__NR_execve, shell, words - 1, environment);
  words[0] = name;
  return static_cast<int>(error);
}

int execute_file(const char* file, char** words, char** environment) noexcept {
  const int error = static_cast<int>(call(__NR_execve, file, words, environment));
  return error == -ENOEXEC ? execute_by_shell(file, words, environment) : error;
}

int execute_descriptor(int descriptor, char** words, char** environment) noexcept {
  call(__NR_fcntl, descriptor, F_SETFD, FD_CLOEXEC);
  const long error = call(__NR_execveat, descriptor, "", words, environment, AT_EMPTY_PATH);
  // A script, whose interpreter would have nothing to read. It keeps the descriptor.
  if (error != -ENOENT) return static_cast<int>(error);
  call(__NR_fcntl, descriptor, F_SETFD, 0L);
  return static_cast<int>(call(__NR_execveat, descriptor, "", words, environment, AT_EMPTY_PATH));
}

// FOLDER/NAME in `file`; an empty folder is the current one.
bool join(char* file, const char* folder, std::size_t folder_length, const char* name) noexcept {
  const std::size_t name_length = length(name);
  if (folder_length + 1 + name_length >= PATH_MAX) return false;
  std::size_t at = 0;
  for (; at < folder_length; ++at) file[at] = folder[at];
  if (folder_length != 0) file[at++] = '/';
  for (std::size_t i = 0; i <= name_length; ++i) file[at + i] = name[i];
  return true;
}

// In the next folder: this one does not have it, cannot be reached, or may not be looked at.
bool goes_on_after(int error) noexcept {
  return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ESTALE || error == -ENODEV ||
         error == -ETIMEDOUT;
}

int search(char** words, char** environment) noexcept {
  const char* const name = words[0];
  char file[PATH_MAX];
  int refused = -ENOENT;
  for (const char* folder = path_in(environment);;) {
    const char* end = folder;
    while (*end != '\0' && *end != ':') ++end;
    if (join(file, folder, static_cast<std::size_t>(end - folder), name)) {
      const int error = execute_file(file, words, environment);
      if (!goes_on_after(error)) return error;
      if (error == -EACCES) refused = error;
    }
    if (*end == '\0') return refused;
    folder = end + 1;
  }
}

}  // namespace

int execute(int descriptor, char** words, char** environment) noexcept {
  if (descriptor >= 0) return execute_descriptor(descriptor, words, environment);
  if (words[0][0] == '\0') return -ENOENT;
  return has_slash(words[0]) ? execute_file(words[0], words, environment) : search(words, environment);
}

const char* error_text(int number) noexcept {
  switch (number) {
    case EPERM:
      return "Operation not permitted";
    case ENOENT:
      return "No such file or directory";
    case EIO:
      return "Input/output error";
    case E2BIG:
      return "Argument list too long";
    case ENOEXEC:
      return "Exec format error";
    case EAGAIN:
      return "Resource temporarily unavailable";
    case ENOMEM:
      return "Cannot allocate memory";
    case EACCES:
      return "Permission denied";
    case ENOTDIR:
      return "Not a directory";
    case EISDIR:
      return "Is a directory";
    case EINVAL:
      return "Invalid argument";
    case ENFILE:
      return "Too many open files in system";
    case EMFILE:
      return "Too many open files";
    case ETXTBSY:
      return "Text file busy";
    case ENAMETOOLONG:
      return "File name too long";
    case ELOOP:
      return "Too many levels of symbolic links";
    case ELIBBAD:
      return "Accessing a corrupted shared library";
    default:
      return "the kernel refuses to execute it";
  }
}

}  // namespace pawl::init
