// An approval rule in one line of words, for people and for agents. Pure.
#pragma once

#include <string>

#include "supervisor/policy/approvals.hpp"

namespace pawl::policy {

// "2 persons of @sre, @security, at least 1 of @security, never the launcher, within 15m; after 5m also of
// @oncall; …"
std::string rule_in_words(const Rule& rule);

}  // namespace pawl::policy
