#include "tools/pawl/parting.hpp"

#include <unistd.h>

#include <cstdlib>

#include "supervisor/wire/paths.hpp"
#include "tools/pawl/afterwards.hpp"

namespace pawl::run {
namespace {

// As systemd-logind keeps it: a file for each user who lingers.
bool lingers() {
  const auto name = wire::name_of(::getuid());
  return name && ::access(("/var/lib/systemd/linger/" + *name).c_str(), F_OK) == 0;
}

}  // namespace

Result<DetachKeys> detach_keys(const std::string& option) {
  if (!option.empty()) return TRY_DURING("--detach-keys", DetachKeys::parse(option));
  const char* variable = std::getenv("PAWL_DETACH_KEYS");
  if (variable == nullptr || *variable == '\0') return DetachKeys::parse(kDefaultDetachKeys);
  return TRY_DURING("PAWL_DETACH_KEYS", DetachKeys::parse(variable));
}

std::string short_id(const std::string& id) { return id.substr(0, 12); }

void tell_parting(const std::string& id) {
  const std::string line = "pawl: session " + short_id(id) +
                           " goes on without you; come back with: pawl attach " + short_id(id) + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody reads it
}

void tell_until_logout() {
  if (!lingers())
    warn("systemd ends the session when you log out for the last time; to keep it: loginctl enable-linger");
}

}  // namespace pawl::run
