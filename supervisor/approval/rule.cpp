#include "supervisor/approval/rule.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "supervisor/policy/assignment.hpp"
#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/names.hpp"

namespace pawl::approval {
namespace {

// Keys by their bytes: two spellings of one key line are one key. An authority issues certificates to many,
// each in the person's own name; whoever held its key as their own could be all of them.
struct Holder {
  std::string_view person;
  receipt::Credential::Kind kind;
};
using KeyHolders = std::map<Bytes, Holder>;

Result<> check_member(const Rule& rule, const Member& member, KeyHolders& holders) {
  TRY(receipt::check_person_name(member.person));
  for (const std::string& line : member.keys) {
    const receipt::Credential enrolled = TRY_DURING(member.person, receipt::parse_credential(line));
    if (rule.hardware && !receipt::is_hardware(enrolled))
      return refuse("a key of " + member.person + " is no security key's, and the rule takes no other");
    const auto [found, added] = holders.try_emplace(enrolled.key.blob, Holder{member.person, enrolled.kind});
    const Holder& holder = found->second;
    using Kind = receipt::Credential::Kind;
    const bool authority = holder.kind == Kind::authority && enrolled.kind == Kind::authority;
    const bool own = holder.person == member.person && holder.kind == enrolled.kind;
    if (!added && !authority && !own)
      return refuse("the key " + receipt::fingerprint(enrolled.key) + " belongs to " +
                        std::string(holder.person) + " and to " + member.person,
                    "give every person keys of their own in people.toml");
  }
  return {};
}

Result<> check_groups(const Rule& rule) {
  KeyHolders holders;
  std::set<std::string_view> names;
  for (const Group& group : rule.from) {
    if (!receipt::is_plain_name(group.name)) return refuse("a group's name is malformed");
    if (!names.insert(group.name).second) return refuse("the group " + group.name + " is there twice");
    if (group.after < 0 || group.after >= rule.expires)
      return refuse("the group " + group.name + " could never decide before the request expires");
    std::set<std::string_view> persons;
    for (const Member& member : group.members) {
      if (!persons.insert(member.person).second)
        return refuse(group.name + " holds " + member.person + " twice");
      TRY_DURING(group.name, check_member(rule, member, holders));
    }
  }
  return {};
}

bool may_approve(const Rule& rule, const Member& member, std::string_view launcher) {
  return !member.keys.empty() && (rule.allow_launcher || member.person != launcher);
}

std::vector<std::string_view> possible_persons(const Rule& rule, std::string_view launcher) {
  std::set<std::string_view> persons;
  for (const Group& group : rule.from)
    for (const Member& member : group.members)
      if (may_approve(rule, member, launcher)) persons.insert(member.person);
  return {persons.begin(), persons.end()};
}

// Distinct persons for every place that a group's `least` keeps.
Result<> check_leasts(const Rule& rule, const std::vector<std::string_view>& persons) {
  std::vector<const Group*> places;
  for (const Group& group : rule.from) {
    if (group.least > rule.quorum)
      return refuse("its groups need more persons than its quorum of " + std::to_string(rule.quorum));
    places.insert(places.end(), group.least, &group);
  }
  if (places.size() > rule.quorum)
    return refuse("its groups need " + std::to_string(places.size()) + " persons, more than its quorum of " +
                  std::to_string(rule.quorum));
  const auto empty =
      policy::unmet_demands(persons.size(), places.size(), [&](std::size_t person, std::size_t place) {
        return std::ranges::find(places[place]->members, persons[person], &Member::person) !=
               places[place]->members.end();
      });
  if (empty.empty()) return {};
  const Group& group = *places[empty.front()];
  return refuse("needs " + std::to_string(group.least) + " of " + group.name +
                    ", but too few others of it could approve this",
                "add people with keys to " + group.name + "; who launched the agent does not count");
}

}  // namespace

Result<> check_rule(const Rule& rule, std::string_view launcher) {
  const std::string step = "approval rule " + rule.name;
  if (!receipt::is_plain_name(rule.name)) return refuse("approval rule: its name is malformed");
  if (rule.quorum == 0)
    return refuse(step + ": a quorum of 0 would approve everything", "set quorum to at least 1");
  if (rule.expires <= 0)
    return refuse(step + ": it never lets anybody decide", "set expires, for example \"15m\"");
  TRY_DURING(step, check_groups(rule));
  const auto possible = possible_persons(rule, launcher);
  TRY_DURING(step, check_leasts(rule, possible));
  if (rule.cooldown < 0 || rule.cooldown > kLongestLimit) return refuse(step + ": its cooldown is malformed");
  for (const RateLimit& rate : rule.rates)
    if (rate.requests == 0 || rate.within <= 0 || rate.within > kLongestLimit)
      return refuse(step + ": its rate is malformed");
  if (possible.size() < rule.quorum)
    return refuse(step + ": needs " + std::to_string(rule.quorum) + " persons, but only " +
                      std::to_string(possible.size()) + " could approve this",
                  rule.allow_launcher
                      ? "add people with keys to its groups"
                      : "add people with keys to its groups; who launched the agent does not count");
  return {};
}

const Group* find_group(const Rule& rule, std::string_view group) {
  const auto found = std::ranges::find(rule.from, group, &Group::name);
  return found != rule.from.end() ? &*found : nullptr;
}

const Member* find_member(const Rule& rule, std::string_view group, std::string_view person) {
  const Group* const in_group = find_group(rule, group);
  if (in_group == nullptr) return nullptr;
  const auto member = std::ranges::find(in_group->members, person, &Member::person);
  return member != in_group->members.end() ? &*member : nullptr;
}

}  // namespace pawl::approval
