#include "supervisor/approval/rule.hpp"

#include <algorithm>
#include <map>
#include <set>

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

Result<> check_member(const Member& member, KeyHolders& holders) {
  TRY(receipt::check_person_name(member.person));
  for (const std::string& line : member.keys) {
    const receipt::Credential enrolled = TRY_DURING(member.person, receipt::parse_credential(line));
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
    std::set<std::string_view> persons;
    for (const Member& member : group.members) {
      if (!persons.insert(member.person).second)
        return refuse(group.name + " holds " + member.person + " twice");
      TRY_DURING(group.name, check_member(member, holders));
    }
  }
  return {};
}

std::size_t count_possible(const Rule& rule, std::string_view launcher) {
  std::set<std::string_view> persons;
  for (const Group& group : rule.from)
    for (const Member& member : group.members)
      if (!member.keys.empty() && (rule.allow_launcher || member.person != launcher))
        persons.insert(member.person);
  return persons.size();
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
  const std::size_t possible = count_possible(rule, launcher);
  if (possible < rule.quorum)
    return refuse(step + ": needs " + std::to_string(rule.quorum) + " persons, but only " +
                      std::to_string(possible) + " could approve this",
                  rule.allow_launcher
                      ? "add people with keys to its groups"
                      : "add people with keys to its groups; who launched the agent does not count");
  return {};
}

const Member* find_member(const Rule& rule, std::string_view group, std::string_view person) {
  const auto in_group = std::ranges::find(rule.from, group, &Group::name);
  if (in_group == rule.from.end()) return nullptr;
  const auto member = std::ranges::find(in_group->members, person, &Member::person);
  return member != in_group->members.end() ? &*member : nullptr;
}

}  // namespace pawl::approval
