#include "supervisor/approval/evidence.hpp"

#include <algorithm>
#include <set>

#include "supervisor/receipt/sshsig.hpp"

namespace pawl::approval {
namespace {

// The member's key line that spells this very key, or nullptr.
const std::string* find_key(const Member& member, const receipt::PublicKey& key) {
  const auto found = std::ranges::find_if(member.keys, [&](const std::string& line) {
    const auto enrolled = receipt::parse_public_key(line);
    return enrolled && *enrolled == key;
  });
  return found != member.keys.end() ? &*found : nullptr;
}

Result<const Member*> member_of(const Rule& rule, const receipt::Statement& statement) {
  const Member* member = find_member(rule, statement.group, statement.person);
  if (member == nullptr)
    return refuse(
        statement.person + " is not a member of " + statement.group + " in the approval rule " + rule.name,
        "`pawl show` lists the groups that may decide");
  return member;
}

Result<const std::string*> enrolled_key(const Member& member, const receipt::PublicKey& key) {
  const std::string* line = find_key(member, key);
  if (line == nullptr)
    return refuse("the key " + receipt::fingerprint(key) + " is not enrolled for " + member.person,
                  "sign with a key that `pawl people list` shows");
  return line;
}

}  // namespace

Result<receipt::SignedDecision> identify(const Rule& rule, std::string_view statement,
                                         std::string_view signature) {
  const receipt::Statement said = TRY(receipt::read_statement(statement));
  const receipt::SshSignature made = TRY(receipt::parse_armored(signature));
  const Member* member = TRY(member_of(rule, said));
  const std::string* key = TRY(enrolled_key(*member, made.key));
  return receipt::SignedDecision{std::string(statement), std::string(signature), said.person, *key};
}

Result<receipt::Statement> check_evidence(const Request& request, const receipt::SignedDecision& evidence,
                                          const Rule& rule, const CheckedDecisions* checked) {
  const auto* known = checked != nullptr ? checked->find(request.id(), evidence) : nullptr;
  receipt::Statement statement = known != nullptr ? *known : TRY(receipt::check_signed(evidence));
  TRY(receipt::matches(statement.binding, request.binding));
  TRY(receipt::check_time(statement));
  const Member* member = TRY(member_of(rule, statement));
  // The same line is the same key, and needs no parsing.
  if (std::ranges::find(member->keys, evidence.key) == member->keys.end())
    (void)TRY(enrolled_key(*member, TRY(receipt::parse_public_key(evidence.key))));
  const bool approves = statement.verdict == receipt::Verdict::approve;
  if (approves && statement.person == request.binding.launcher && !rule.allow_launcher)
    return refuse(statement.person + " launched the agent and cannot approve what it asks",
                  "let another member of the rule's groups decide");
  return statement;
}

Result<std::vector<std::string>> check_quorum(const Request& request, const Rule& rule,
                                              const CheckedDecisions* checked) {
  // Whoever has checked decisions has checked the rule with the request.
  if (checked == nullptr) TRY(check_rule(rule, request.binding.launcher));
  std::set<std::string> persons;
  for (const Decision& decision : request.decisions) {
    const receipt::Statement statement = TRY_DURING(
        "decision of " + decision.evidence.person, check_evidence(request, decision.evidence, rule, checked));
    if (statement.verdict == receipt::Verdict::deny) return refuse(statement.person + " denied it");
    persons.insert(statement.person);
  }
  if (persons.size() < rule.quorum)
    return refuse("approved by " + std::to_string(persons.size()) + " of " + std::to_string(rule.quorum) +
                  " persons");
  return std::vector<std::string>(persons.begin(), persons.end());
}

}  // namespace pawl::approval
