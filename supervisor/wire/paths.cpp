#include "supervisor/wire/paths.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sandbox/base/text_file.hpp"

namespace pawl::wire {
namespace {

// Fields of a line of passwd(5).
constexpr std::size_t kName = 0, kUid = 2, kHome = 5, kFields = 7;
using PasswdEntry = std::array<std::string, kFields>;

std::optional<PasswdEntry> passwd_entry(std::uint32_t uid) {
  const std::string wanted = std::to_string(uid);
  const std::string passwd = read_text(AT_FDCWD, "/etc/passwd").value_or("");
  for (std::string_view left = passwd; !left.empty();) {
    const std::string_view line = take_line(left);
    PasswdEntry fields;
    std::size_t from = 0;
    for (std::string& field : fields) {
      const std::size_t colon = line.find(':', from);
      field = line.substr(from, colon - from);
      if (colon == std::string_view::npos) break;
      from = colon + 1;
    }
    if (fields[kUid] == wanted) return fields;
  }
  return std::nullopt;
}

Result<std::string> own_home() {
  auto home = home_of(::getuid());
  if (home) return home;
  if (const char* variable = std::getenv("HOME"); variable != nullptr && variable[0] == '/')
    return std::string(variable);
  return home;
}

bool private_directory(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::getuid() &&
         (status.st_mode & 022) == 0;
}

}  // namespace

Result<std::string> home_of(std::uint32_t uid) {
  if (const auto entry = passwd_entry(uid); entry && (*entry)[kHome].starts_with('/')) return (*entry)[kHome];
  return refuse("user " + std::to_string(uid) + " has no home directory", "add the user to /etc/passwd");
}

Result<std::string> name_of(std::uint32_t uid) {
  if (const auto entry = passwd_entry(uid)) return (*entry)[kName];
  return refuse("user " + std::to_string(uid) + " has no name", "add the user to /etc/passwd");
}

Paths system_paths() {
  return {Home::system, "/run/pawl", "/etc/pawl", "/var/lib/pawl", "/var/cache/pawl/ledger-head"};
}

Result<Paths> embedded_paths() {
  const std::string home = TRY(own_home());
  Paths paths{Home::embedded,
              {},
              home + "/.config/pawl",
              home + "/.local/state/pawl",
              home + "/.local/share/pawl/ledger-head"};
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  paths.sockets = runtime != nullptr && runtime[0] == '/' && private_directory(runtime)
                      ? std::string(runtime) + "/pawl"
                      : paths.state + "/run";
  return paths;
}

Result<Paths> client_paths() {
  const Paths system = system_paths();
  // One that cannot be looked at is there: falling back would put the person's own rules in place of the
  // host's.
  const bool missing = ::access((system.configuration + "/pawl.toml").c_str(), F_OK) != 0 &&
                       (errno == ENOENT || errno == ENOTDIR);
  return missing ? embedded_paths() : Result<Paths>(system);
}

Result<std::string> session_workspaces() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && data[0] == '/') return std::string(data) + "/pawl/workspaces";
  return TRY(own_home()) + "/.local/share/pawl/workspaces";
}

Result<std::string> held_sessions() { return TRY(own_home()) + "/.local/state/pawl/held"; }
Result<std::string> private_homes() { return TRY(own_home()) + "/.local/state/pawl/homes"; }

}  // namespace pawl::wire
