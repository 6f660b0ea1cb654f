// What only several policy files together can show: unknown names, rules that nobody can meet, secrets drawn
// beyond what secrets.toml lists or below their floor. Runs in pawld and people's commands; pure.
#pragma once

#include "supervisor/policy/policy.hpp"
#include "supervisor/policy/reader.hpp"

namespace pawl::policy {

// The group or person is in people.toml. `path`: where it was named.
void check_name(const Policy& policy, const std::string& entry, const std::string& file,
                const std::string& path, Findings& findings);

void check_people(const Policy& policy, Findings& findings);
void check_rules(const Policy& policy, Findings& findings);
void check_secrets(const Policy& policy, Findings& findings);
void check_settings(const Policy& policy, Findings& findings);
// `file` names the places that were recorded when the role was read.
void check_role(const Policy& policy, const Role& role, const std::string& file, Findings& findings);

}  // namespace pawl::policy
