// The files that `pawl init` writes, and the editors' schemas: what policies/ ships, built in. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

// A working config directory of the embedded kind for one person: roles, rules that this person meets alone,
// secrets with floors, settings. `person` has a valid name, at least one uid and one key; `audience` names
// the broker in receipts
// ("alice@laptop"). SourceFile::name is relative to the config directory ("roles/coder.toml").
Result<std::vector<SourceFile>> embedded_starter(const Person& person, std::string_view audience);

// The example of a system broker with two reviewers, as shipped. Its people's keys are nobody's: edit them
// first.
std::vector<SourceFile> system_example();

// JSON Schema of each kind of file: "role.schema.json", ...
std::vector<SourceFile> schema_files();

}  // namespace pawl::policy
