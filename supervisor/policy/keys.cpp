#include "supervisor/policy/keys.hpp"

#include <algorithm>
#include <vector>

namespace pawl::policy {
namespace {

constexpr Availability later = Availability::later;

constexpr Key role_keys[] = {{"pawl"},   {"name"}, {"description"}, {"owner"},         {"sandbox"},
                             {"limits"}, {"llm"},  {"action"},      {"egress", later}, {"gate"}};
constexpr Key sandbox_keys[] = {
    {"landlock"}, {"syscalls"}, {"allow_syscalls"}, {"deny_syscalls"}, {"capabilities"}, {"files"}, {"env"}};
constexpr Key syscall_keys[] = {{"name"}, {"reason"}};
constexpr Key sandbox_files_keys[] = {{"workspace"}, {"workspace_reason"}, {"read"},         {"protect"},
                                      {"hide"},      {"keep", later},      {"expose", later}};
constexpr Key sandbox_env_keys[] = {{"keep"}};
constexpr Key limits_keys[] = {{"tmp"},  {"wall_time"}, {"memory"},     {"processes"},
                               {"cpus"}, {"io"},        {"best_effort"}};
constexpr Key action_limits_keys[] = {{"tmp"}, {"memory"}, {"processes"}, {"cpus"}, {"io"}, {"best_effort"}};
constexpr Key llm_keys[] = {{"name"}, {"api"}, {"upstream"}, {"secret"}};
constexpr Key action_keys[] = {{"name"},
                               {"description"},
                               {"run"},
                               {"params"},
                               {"secrets"},
                               {"approval"},
                               {"timeout"},
                               {"read"},
                               {"write"},
                               {"output"},
                               {"limits"},
                               {"secret_files", later},
                               {"hosts", later},
                               {"preview"},
                               {"preview_timeout"},
                               {"preview_secrets"},
                               {"recheck"},
                               {"rollback"}};
constexpr Key parameter_keys[] = {{"match"}, {"file"}, {"max"}, {"allow_dash"}};
constexpr Key gate_keys[] = {{"name"},       {"description"}, {"subject"}, {"command"},  {"inputs"},
                             {"inputs_max"}, {"approval"},    {"expires"}, {"proposers"}};
constexpr Key gate_command_keys[] = {{"match"}, {"allow_dash"}};
constexpr Key rule_keys[] = {{"quorum"},         {"from"},      {"expires"},
                             {"allow_launcher"}, {"escalate"},  {"require_key"},
                             {"cooldown"},       {"emergency"}, {"rate"}};
constexpr Key rule_group_keys[] = {{"group"}, {"least"}};
constexpr Key escalation_keys[] = {{"after"}, {"to"}};
constexpr Key rate_keys[] = {{"requests"}, {"within"}};
constexpr Key person_keys[] = {{"uids"}, {"keys"}, {"groups"}, {"passkeys", later}};
constexpr Key secret_keys[] = {{"file"}, {"credential"}, {"roles"},
                               {"uses"}, {"require"},    {"command", later}};
constexpr Key settings_keys[] = {{"audience"},       {"launchers"},       {"notify"},    {"plain_http"},
                                 {"action_user"},    {"first"},           {"enrollers"}, {"killers"},
                                 {"readers", later}, {"listeners", later}};
constexpr Key notify_keys[] = {{"command"}, {"webhook", later}};

// Edits that turn one word into the other; two neighbours swapped are one edit.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::vector<std::size_t>> cost(left.size() + 1, std::vector<std::size_t>(right.size() + 1));
  for (std::size_t i = 0; i <= left.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= right.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[left.size()][right.size()];
}

}  // namespace

std::span<const Key> keys_of(Table table) {
  switch (table) {
    case Table::role:
      return role_keys;
    case Table::sandbox:
      return sandbox_keys;
    case Table::sandbox_files:
      return sandbox_files_keys;
    case Table::sandbox_env:
      return sandbox_env_keys;
    case Table::syscall:
      return syscall_keys;
    case Table::limits:
      return limits_keys;
    case Table::llm:
      return llm_keys;
    case Table::action:
      return action_keys;
    case Table::action_limits:
      return action_limits_keys;
    case Table::parameter:
      return parameter_keys;
    case Table::rule:
      return rule_keys;
    case Table::rule_group:
      return rule_group_keys;
    case Table::escalation:
      return escalation_keys;
    case Table::rate:
      return rate_keys;
    case Table::person:
      return person_keys;
    case Table::secret:
      return secret_keys;
    case Table::settings:
      return settings_keys;
    case Table::notify:
      return notify_keys;
    case Table::gate:
      return gate_keys;
    case Table::gate_command:
      return gate_command_keys;
  }
  return {};
}

std::string_view name_of(Table table) {
  switch (table) {
    case Table::role:
      return "role";
    case Table::sandbox:
      return "sandbox";
    case Table::sandbox_files:
      return "sandbox.files";
    case Table::sandbox_env:
      return "sandbox.env";
    case Table::syscall:
      return "sandbox.allow_syscalls";
    case Table::limits:
      return "limits";
    case Table::llm:
      return "llm";
    case Table::action:
      return "action";
    case Table::action_limits:
      return "action.limits";
    case Table::parameter:
      return "action.params";
    case Table::rule:
      return "approvals";
    case Table::rule_group:
      return "approvals.from";
    case Table::escalation:
      return "approvals.escalate";
    case Table::rate:
      return "approvals.rate";
    case Table::person:
      return "people";
    case Table::secret:
      return "secrets";
    case Table::settings:
      return "pawl.toml";
    case Table::notify:
      return "pawl.toml notify";
    case Table::gate:
      return "gate";
    case Table::gate_command:
      return "gate.command";
  }
  return {};
}

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestKey = 64;  // the distance is quadratic, and no known key is near a longer one
  if (written.size() > kLongestKey) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, std::min<std::size_t>(3, written.size() / 3)) + 1;
  for (std::string_view candidate : known) {
    const std::size_t apart = distance(written, candidate);
    if (apart < best_distance) {
      best_distance = apart;
      best = candidate;
    }
  }
  return best;
}

}  // namespace pawl::policy
