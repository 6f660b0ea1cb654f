// libFuzzer harness: a role file that a person hands over (`pawl run --policy FILE`), read, checked, lowered
// and explained. The bytes are anybody's.
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "sandbox/plan.hpp"
#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/explain.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/starter.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace pawl;
using fuzz::require;

const policy::Policy& home() {
  static const policy::Policy policy =
      *policy::build({.kind = policy::HomeKind::system, .config = "/etc/pawl"}, policy::system_example());
  return policy;
}

void use(const policy::Role& role) {
  require(role.origin == policy::RoleOrigin::handed);
  for (const policy::LlmRoute& route : role.llm) require(route.secret.empty());
  for (const policy::Action& action : role.actions) require(action.secrets.empty());
  policy::SessionContext context{.session = "5e55107f2d1c0a",
                                 .workspace = "/home/alice/src/web",
                                 .broker_directory = "/run/pawl/s",
                                 .agent_program = "/usr/libexec/pawl/pawl-agent",
                                 .person_home = "/home/alice",
                                 .private_directories = {"/etc/pawl"},
                                 .placeholders = std::vector<std::string>(role.llm.size(), "x"),
                                 .argv = {"true"}};
  if (const auto plan = policy::lower_session(role, context)) (void)policy::describe(*plan);
  for (const policy::Action& action : role.actions) {
    (void)policy::policy_digest(home(), role, action, "alice");
    require(policy::expand_arguments(action.run, {}).size() == action.run.size());
    require(policy::expand_arguments(action.preview, {}).size() == action.preview.size());
  }
  (void)policy::explain_text(home(), role);
  (void)boost::json::serialize(policy::explain_json(home(), role));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto role = policy::build_handed_role(home(), "role.toml", text);
  if (role) {
    use(*role);
  } else {
    require(!role.error().empty() && !policy::text_of(role.error()).empty());
  }
  return 0;
}
