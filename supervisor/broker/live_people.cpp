#include "supervisor/broker/live_people.hpp"

#include <algorithm>
#include <set>

namespace pawl::broker {
namespace {

using approval::Vouched;
using wire::Holding;
using wire::Standing;
using Vouchings = std::map<std::string, Vouched, std::less<>>;

// The file's and the ledger's, each once.
std::vector<Holding> holdings(const std::vector<std::string>& file, const Vouchings& enrolled,
                              const approval::Directory& directory) {
  std::vector<Holding> list;
  for (const std::string& what : file) {
    const auto found = enrolled.find(what);
    if (!directory.decides())
      list.push_back({what, Standing::live, {}, 0});
    else if (found == enrolled.end())
      list.push_back({what, Standing::proposed, {}, 0});
    else
      list.push_back({what, Standing::live, found->second.by, found->second.since});
  }
  for (const auto& [what, vouched] : enrolled)
    if (directory.decides() && std::ranges::find(file, what) == file.end())
      list.push_back({what, Standing::dropped, vouched.by, vouched.since});
  return list;
}

}  // namespace

policy::Policy with_live_people(const policy::Policy& file, const approval::Directory& directory,
                                const approval::Freezes& freezes) {
  policy::Policy live = file;
  for (policy::Person& person : live.people) {
    if (freezes.is_revoked_person(person.name)) {
      person.keys.clear();
      person.groups.clear();
      continue;
    }
    std::erase_if(person.keys, [&](const std::string& key) {
      return freezes.is_revoked_key(key) || (directory.decides() && !directory.knows(person.name, key));
    });
    std::erase_if(person.groups, [&](const std::string& group) {
      return directory.decides() && !directory.in_group(person.name, group);
    });
  }
  return live;
}

std::vector<wire::PersonShown> show_people(const policy::Policy& file, const approval::Directory& directory,
                                           const approval::Freezes& freezes) {
  std::set<std::string> names;
  for (const policy::Person& person : file.people) names.insert(person.name);
  for (const auto& [name, enrolled] : directory.people()) names.insert(name);
  std::vector<wire::PersonShown> list;
  for (const std::string& name : names) {
    const policy::Person* const listed = file.find_person(name);
    const policy::Person nobody;
    const policy::Person& person = listed != nullptr ? *listed : nobody;
    const auto found = directory.people().find(name);
    const approval::Enrolled none;
    const approval::Enrolled& enrolled = found != directory.people().end() ? found->second : none;
    wire::PersonShown shown;
    shown.name = name;
    shown.uids.assign(person.uids.begin(), person.uids.end());
    shown.keys = holdings(person.keys, enrolled.keys, directory);
    for (Holding& key : shown.keys)
      if (freezes.is_revoked_key(key.what)) key.standing = Standing::revoked;
    shown.groups = holdings(person.groups, enrolled.groups, directory);
    if (const auto ban = freezes.persons().find(name); ban != freezes.persons().end())
      shown.revoked_by = ban->second.by;
    list.push_back(std::move(shown));
  }
  return list;
}

}  // namespace pawl::broker
