// approvals.toml, people.toml, secrets.toml and pawl.toml → plain data, as far as one file alone can be
// judged. Runs in pawld and people's commands.
#pragma once

#include <string>
#include <vector>

#include "supervisor/policy/policy.hpp"
#include "supervisor/policy/reader.hpp"

namespace pawl::policy {

inline constexpr const char* kApprovalsFile = "approvals.toml";
inline constexpr const char* kPeopleFile = "people.toml";
inline constexpr const char* kSecretsFile = "secrets.toml";
inline constexpr const char* kSettingsFile = "pawl.toml";

// What was understood; whatever was not is in `findings`, and then none of it must be used.
std::vector<Rule> read_rules(const Node& root, Findings& findings);
std::vector<Person> read_people(const Node& root, Findings& findings);
std::vector<Secret> read_secrets(const Node& root, Findings& findings);
Settings read_settings(const Node& root, HomeKind home, Findings& findings);

}  // namespace pawl::policy
