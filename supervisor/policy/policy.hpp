// All policy of one home, read, checked and cross-checked: the only way from files to roles, rules, people,
// secrets and settings. Runs in pawld (which acts on it) and in `pawl policy check|explain` (which shows it).
//
// Layout of a config directory: approvals.toml, people.toml, secrets.toml, pawl.toml, roles/NAME.toml,
// secrets/FILE. Every key is documented in policies/KEYS.md.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/policy/approvals.hpp"
#include "supervisor/policy/people.hpp"
#include "supervisor/policy/problem.hpp"
#include "supervisor/policy/role.hpp"
#include "supervisor/policy/secrets.hpp"
#include "supervisor/policy/settings.hpp"

namespace pawl::policy {

enum class HomeKind : std::uint8_t {
  embedded,  // one person's own broker
  system,    // the host's broker: no "@self", no allow_launcher
};

struct Home {
  HomeKind kind = HomeKind::embedded;
  std::string config;  // absolute: "/etc/pawl", "/home/alice/.config/pawl"
  uid_t owner = 0;     // who besides root may own the files: the broker's uid (embedded: the person's)
};

struct Policy {
  Home home;
  std::vector<Role> roles;
  std::vector<Rule> rules;
  std::vector<Person> people;
  std::vector<Secret> secrets;
  Settings settings;
  Problems notes;  // Severity::note only

  // nullptr: none of that name.
  const Role* find_role(std::string_view name) const;
  const Rule* find_rule(std::string_view name) const;
  const Person* find_person(std::string_view name) const;
  const Person* find_person_by_uid(uid_t uid) const;
  const Secret* find_secret(std::string_view name) const;
};

// One policy file's text, as read.
struct SourceFile {
  std::string name;  // relative to the config directory
  std::string text;
};

// Reads the home's files (trusted_file.hpp: owners, modes, symlinks, sizes) and builds the policy. Either a
// policy without a refusal, or every refusal found.
std::expected<Policy, Problems> load(const Home& home);

// The same from texts in memory. Pure.
std::expected<Policy, Problems> build(const Home& home, const std::vector<SourceFile>& files);

// A role that a person handed over (`pawl run --policy FILE`), checked against the rules of `policy`. Names
// no secret, else it is refused. Pure; `text` is at most 1 MiB.
std::expected<Role, Problems> build_handed_role(const Policy& policy, std::string_view file_name,
                                                std::string_view text);

}  // namespace pawl::policy
