#include "supervisor/policy/role.hpp"

#include <algorithm>

#include "supervisor/policy/provider.hpp"

namespace pawl::policy {

std::string LlmRoute::use() const {
  const Provider* provider = find_provider(api);
  const bool vendor = provider != nullptr && name == api && upstream == provider->upstream;
  return "llm:" + (vendor ? name : upstream);
}

const Parameter* Action::find_parameter(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters, parameter, &Parameter::name);
  return found != parameters.end() ? &*found : nullptr;
}

const Action* Role::find_action(std::string_view action) const {
  const auto found = std::ranges::find(actions, action, &Action::name);
  return found != actions.end() ? &*found : nullptr;
}

const Gate* Role::find_gate(std::string_view gate) const {
  const auto found = std::ranges::find(gates, gate, &Gate::name);
  return found != gates.end() ? &*found : nullptr;
}

std::string_view word_of(Syscalls syscalls) {
  switch (syscalls) {
    case Syscalls::minimal:
      return "minimal";
    case Syscalls::standard:
      break;
    case Syscalls::build:
      return "build";
  }
  return "default";
}

}  // namespace pawl::policy
