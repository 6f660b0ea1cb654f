#include "supervisor/policy/stewards.hpp"

#include <algorithm>

namespace pawl::policy {
namespace {

bool listed(const std::vector<std::string>& list, const Person& person) {
  return std::ranges::any_of(list, [&](const std::string& entry) {
    return entry.starts_with('@') ? person.in_group(std::string_view(entry).substr(1)) : entry == person.name;
  });
}

}  // namespace

Result<> may_enroll(const Policy& policy, const Person& person) {
  if (person.keys.empty())
    return refuse(person.name + " is not enrolled", "first: pawl people add, and another person confirms");
  const auto& enrollers = policy.settings.enrollers;
  if (!enrollers || listed(*enrollers, person)) return {};
  return refuse(person.name + " may not vouch for others, nor remove them", "pawl.toml: enrollers");
}

Result<> may_kill(const Policy& policy, std::string_view role, const Person& person) {
  if (person.keys.empty())
    return refuse(person.name + " is not enrolled", "first: pawl people add, and another person confirms");
  const auto& killers = policy.settings.killers;
  auto list = role.empty() ? killers.end() : killers.find(std::string(role));
  if (list == killers.end()) list = killers.find(kEverything);
  if (list == killers.end() || listed(list->second, person)) return {};
  return refuse(person.name + " may neither stop nor give back " +
                    (role.empty() ? std::string("everything") : "role '" + std::string(role) + "'"),
                "pawl.toml: killers." + (role.empty() ? "\"*\"" : std::string(role)));
}

Result<const Person*> first_person(const Policy& file) {
  if (file.people.empty()) return nullptr;
  const std::string& name = file.settings.first;
  if (name.empty() && file.people.size() > 1)
    return refuse("nobody is enrolled yet, and people.toml has " + std::to_string(file.people.size()) +
                      " people: who vouches for the others is not said",
                  "pawl.toml: first = \"" + file.people.front().name + "\"");
  const Person* const person = name.empty() ? &file.people.front() : file.find_person(name);
  if (person == nullptr)
    return refuse("first: there is no person '" + name + "'", "people.toml: [" + name + "]");
  if (person->keys.empty())
    return refuse(person->name + " is to be the first person, and has no key",
                  "people.toml: keys = [\"...\"]");
  return person;
}

}  // namespace pawl::policy
