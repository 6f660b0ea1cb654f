#include "tests/support/ssh_keygen.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace pawl::test {
namespace {

constexpr const char* kProgram = "/usr/bin/ssh-keygen";
constexpr std::size_t kAtOnce = 2;

bool succeeded(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool SshKeygen::is_installed() { return ::access(kProgram, X_OK) == 0; }

pid_t SshKeygen::start(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<char*> argv{const_cast<char*>(kProgram)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, kProgram, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start ssh-keygen");
  return child;
}

void SshKeygen::run(const std::vector<std::string>& arguments) {
  if (!succeeded(start(arguments, "/dev/null"))) throw std::runtime_error("ssh-keygen fails");
}

void SshKeygen::use_security_key() {
  const auto module = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "security-key.so";
  if (!std::filesystem::exists(module)) throw std::runtime_error("not built: " + module.string());
  ::setenv("SSH_SK_PROVIDER", module.c_str(), 1);
}

std::string SshKeygen::make_key(const std::string& name, const std::string& type, const std::string& bits) {
  std::vector<std::string> arguments{"-q", "-t", type, "-N", "", "-C", name, "-f", directory_ / name};
  if (!bits.empty()) arguments.insert(arguments.end(), {"-b", bits});
  if (!succeeded(start(arguments, "/dev/null"))) throw std::runtime_error("ssh-keygen cannot make a key");
  std::string line = read_file(directory_ / (name + ".pub"));
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

std::string SshKeygen::sign(const std::string& name, const std::string& signature_namespace,
                            std::string_view message) {
  const std::string file = directory_ / "message";
  write_file(file, message);
  std::filesystem::remove(file + ".sig");
  if (!succeeded(
          start({"-Y", "sign", "-f", directory_ / name, "-n", signature_namespace, file}, "/dev/null")))
    throw std::runtime_error("ssh-keygen cannot sign");
  return read_file(file + ".sig");
}

std::vector<bool> SshKeygen::verify(const std::string& allowed_signers, const std::string& person,
                                    const std::string& signature_namespace, const std::vector<Check>& checks,
                                    const std::string& time) {
  const std::string signers = directory_ / "allowed_signers";
  write_file(signers, allowed_signers);
  std::vector<bool> accepted;
  for (std::size_t i = 0; i < checks.size(); i += kAtOnce) {
    std::vector<pid_t> children;
    for (std::size_t j = i; j < checks.size() && j < i + kAtOnce; ++j) {
      const std::string message = directory_ / ("check" + std::to_string(j - i));
      write_file(message, checks[j].message);
      write_file(message + ".sig", checks[j].signature);
      std::vector<std::string> arguments{
          "-Y", "verify", "-f", signers, "-I", person, "-n", signature_namespace, "-s", message + ".sig"};
      if (!time.empty()) arguments.insert(arguments.end(), {"-O", "verify-time=" + time});
      children.push_back(start(arguments, message));
    }
    for (const pid_t child : children) accepted.push_back(succeeded(child));
  }
  return accepted;
}

}  // namespace pawl::test
