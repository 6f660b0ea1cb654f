#include "supervisor/broker/enrolment.hpp"

#include <boost/json/serialize.hpp>
#include <map>

#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/digest.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kMaxPeopleBytes = 32 * 1024;  // of one entry

std::map<std::string, boost::json::value> by_name(const boost::json::array& people) {
  std::map<std::string, boost::json::value> named;
  for (const boost::json::value& person : people)
    if (const auto* object = person.if_object(); object != nullptr && object->contains("name"))
      if (const auto* name = object->at("name").if_string()) named[std::string(*name)] = person;
  return named;
}

boost::json::object describe(const policy::Person& person) {
  boost::json::array uids, keys, groups;
  for (const uid_t uid : person.uids) uids.emplace_back(static_cast<std::int64_t>(uid));
  for (const std::string& line : person.keys) {
    const auto enrolled = receipt::parse_credential(line);
    keys.emplace_back(enrolled ? receipt::describe(*enrolled) : "unreadable");
  }
  for (const std::string& group : person.groups) groups.emplace_back(group);
  return {{"name", person.name},
          {"uids", std::move(uids)},
          {"keys", std::move(keys)},
          {"groups", std::move(groups)}};
}

}  // namespace

boost::json::array describe_people(const std::vector<policy::Person>& people) {
  boost::json::array described;
  for (const policy::Person& person : people) described.emplace_back(describe(person));
  return described;
}

boost::json::object describe_policy(const policy::Policy& policy) {
  boost::json::array roles, rules;
  for (const policy::Role& role : policy.roles) roles.emplace_back(role.name);
  for (const policy::Rule& rule : policy.rules) rules.emplace_back(rule.name);
  boost::json::object body{{"roles", std::move(roles)}, {"rules", std::move(rules)}};
  boost::json::array people = describe_people(policy.people);
  const std::string text = boost::json::serialize(people);
  if (text.size() <= kMaxPeopleBytes)
    body["people"] = std::move(people);
  else
    body["people_sha256"] = to_hex(receipt::sha256(text));
  return body;
}

std::vector<boost::json::object> enrolment_changes(const boost::json::array& before,
                                                   const boost::json::array& now) {
  const auto old_people = by_name(before), new_people = by_name(now);
  std::vector<boost::json::object> changes;
  for (const auto& [name, person] : old_people)
    if (!new_people.contains(name))
      changes.push_back({{"person", name}, {"before", person}, {"now", nullptr}});
  for (const auto& [name, person] : new_people) {
    const auto known = old_people.find(name);
    if (known == old_people.end())
      changes.push_back({{"person", name}, {"before", nullptr}, {"now", person}});
    else if (known->second != person)
      changes.push_back({{"person", name}, {"before", known->second}, {"now", person}});
  }
  return changes;
}

}  // namespace pawl::broker
