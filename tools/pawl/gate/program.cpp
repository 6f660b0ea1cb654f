#include "tools/pawl/gate/program.hpp"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace pawl::gate {
namespace {

#ifndef MFD_EXEC
constexpr unsigned kMemfdExec = 0x10;  // Linux 6.3
#else
constexpr unsigned kMemfdExec = MFD_EXEC;
#endif

// Kernels before 6.3 do not know the flag and need none.
UniqueFd executable_memory() {
  UniqueFd memory(::memfd_create("pawl-gate", MFD_CLOEXEC | MFD_ALLOW_SEALING | kMemfdExec));
  if (!memory && errno == EINVAL) memory.reset(::memfd_create("pawl-gate", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return memory;
}

bool may_execute(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& argv) {
  std::vector<char*> list;
  for (const std::string& word : argv) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

Result<bool> is_script(int file) {
  char begin[2] = {};
  const ssize_t got = ::pread(file, begin, sizeof(begin), 0);
  if (got < 0) return failed("read the command");
  return got == 2 && begin[0] == '#' && begin[1] == '!';
}

}  // namespace

Result<SealedProgram> seal_program(int source) {
  SealedProgram program{executable_memory(), {}};
  if (!program.file) return failed("make memory that can be executed");
  program.measured = TRY(measure(source, program.file.get()));
  if (::fchmod(program.file.get(), 0500) != 0) return failed("make the command's copy executable");
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(program.file.get(), F_ADD_SEALS, kSeals) != 0) return failed("seal the command's copy");
  return program;
}

Result<std::string> find_command(const std::string& word) {
  if (word.find('/') != std::string::npos) {
    if (may_execute(word)) return word;
    return refuse("the command " + word + " cannot be executed", "is it there, a file, and executable?");
  }
  const char* const set = std::getenv("PATH");
  std::string_view folders = set != nullptr ? set : "/usr/bin:/bin";
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    // An empty or relative entry would look where the pipeline happens to stand.
    if (!folder.starts_with('/')) continue;
    std::string path = std::string(folder) + "/" + word;
    if (may_execute(path)) return path;
  }
  return refuse("the command " + word + " is in no folder of PATH");
}

Error start(const std::string& path, const std::vector<std::string>& argv) {
  ::execv(path.c_str(), pointers(argv).data());
  return failed("start " + path).error();
}

Error start(const SealedProgram& program, const std::vector<std::string>& argv) {
  const auto script = is_script(program.file.get());
  if (!script) return script.error();
  // A script's interpreter opens it as /dev/fd/N, so it has to stay open.
  if (*script && ::fcntl(program.file.get(), F_SETFD, 0) != 0) return failed("keep the command open").error();
  ::execveat(program.file.get(), "", pointers(argv).data(), environ, AT_EMPTY_PATH);
  return failed("start the checked copy of " + argv.front()).error();
}

}  // namespace pawl::gate
