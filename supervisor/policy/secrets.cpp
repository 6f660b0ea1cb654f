#include "supervisor/policy/secrets.hpp"

#include <algorithm>

namespace pawl::policy {

bool Secret::lists_role(std::string_view role) const { return std::ranges::find(roles, role) != roles.end(); }
bool Secret::lists_use(std::string_view use) const { return std::ranges::find(uses, use) != uses.end(); }

}  // namespace pawl::policy
