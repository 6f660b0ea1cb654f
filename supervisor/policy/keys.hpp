// Every key that a policy file may hold, and those that the design names but this version does not do. One
// table feeds the reader's errors, and tests hold policies/KEYS.md and policies/schema against it. Pure data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pawl::policy {

enum class Availability : std::uint8_t { available, later };

struct Key {
  std::string_view name;
  Availability availability = Availability::available;
};

// Which table of which file.
enum class Table : std::uint8_t {
  role,
  sandbox,
  sandbox_files,
  sandbox_env,
  syscall,
  limits,
  llm,
  action,
  action_limits,
  parameter,
  rule,
  rule_group,
  escalation,
  rate,
  person,
  secret,
  settings,
  notify,
  gate,
  gate_command,
};

inline constexpr Table kTables[] = {
    Table::role,   Table::sandbox,    Table::sandbox_files, Table::sandbox_env,   Table::syscall,
    Table::limits, Table::llm,        Table::action,        Table::action_limits, Table::parameter,
    Table::rule,   Table::rule_group, Table::escalation,    Table::rate,          Table::person,
    Table::secret, Table::settings,   Table::notify,        Table::gate,          Table::gate_command};

std::span<const Key> keys_of(Table table);
// As the headings of policies/KEYS.md and the definitions of policies/schema name it: "role",
// "sandbox.files", "action".
std::string_view name_of(Table table);

// The known key nearest to what was written; empty when nothing is near (optimal string alignment distance).
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

}  // namespace pawl::policy
