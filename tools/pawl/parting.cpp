#include "tools/pawl/parting.hpp"

#include <unistd.h>

#include <cstdlib>

namespace pawl::run {

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

}  // namespace pawl::run
