// Who may say who counts, and who may stop things: `enrollers` and `killers` of pawl.toml, held against the
// people who count now. Runs in pawld; pure.
#pragma once

#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

// May this person vouch for others, and take keys and groups away from them? `person`: of the live policy.
Result<> may_enroll(const Policy& policy, const Person& person);

// May this person revoke, freeze and thaw what is about this role? Empty: what is about everything, a person
// or a key.
Result<> may_kill(const Policy& policy, std::string_view role, const Person& person);

// Whom the broker enrols when nobody is yet: the person whom `first` names, or the only one of the file.
// nullptr: the file has no people at all. Refused, with the remedy, where it cannot be told, or has no key.
Result<const Person*> first_person(const Policy& file);

}  // namespace pawl::policy
