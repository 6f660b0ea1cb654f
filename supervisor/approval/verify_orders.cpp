#include "supervisor/approval/verify_orders.hpp"

#include "supervisor/approval/orders.hpp"

namespace pawl::approval {

Result<> OrderVerifier::take(const ledger::Entry& entry) {
  TRY(directory_.apply(entry));
  TRY(freezes_.apply(entry));
  if (is_order(entry.body) && (entry.kind == ledger::Kind::enroll || entry.kind == ledger::Kind::revoke ||
                               entry.kind == ledger::Kind::freeze))
    ++orders_;
  return {};
}

Result<> OrderVerifier::check_request(const Request& request) const {
  TRY(freezes_.may_act(request.binding));
  if (!directory_.decides()) return {};
  for (const Group& group : request.rule.from) {
    for (const Member& member : group.members) {
      if (group.name.starts_with('@') && !directory_.in_group(member.person, group.name.substr(1)))
        return refuse(member.person + " was not enrolled in " + group.name);
      for (const std::string& key : member.keys)
        if (!directory_.knows(member.person, key))
          return refuse("a key of " + member.person + " in its rule was not enrolled");
    }
  }
  return {};
}

Result<> OrderVerifier::check_spent(const Request& request) const {
  TRY(freezes_.may_spend(request));
  if (!directory_.decides()) return {};
  for (const Decision& decision : request.decisions) {
    const receipt::Statement& said = decision.statement;
    if (!directory_.knows(said.person, decision.evidence.key))
      return refuse("the key with which " + said.person + " decided is not enrolled");
    if (said.group.starts_with('@') && !directory_.in_group(said.person, said.group.substr(1)))
      return refuse(said.person + " is not enrolled in " + said.group);
  }
  return {};
}

}  // namespace pawl::approval
