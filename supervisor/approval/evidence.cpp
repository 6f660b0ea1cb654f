#include "supervisor/approval/evidence.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/sshsig.hpp"

namespace pawl::approval {
namespace {

constexpr std::int64_t kSecond = 1000;  // ms

// The member's line of which `fits` says so, or nullptr.
template <class Fits>
const std::string* find_key(const Member& member, const Fits& fits) {
  const auto found = std::ranges::find_if(member.keys, [&](const std::string& line) {
    const auto enrolled = receipt::parse_credential(line);
    return enrolled && fits(*enrolled);
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

std::unexpected<Error> not_enrolled(const Member& member, std::string_view what) {
  return refuse(std::string(what) + " is not enrolled for " + member.person,
                "sign with a key that `pawl people list` shows");
}

Result<> check_approval(const Request& request, const receipt::Statement& statement, const Rule& rule,
                        std::int64_t received) {
  if (statement.person == request.binding.launcher && !rule.allow_launcher)
    return refuse(statement.person + " launched the agent and cannot approve what it asks",
                  "let another member of the rule's groups decide");
  const Group& group = *find_group(rule, statement.group);
  const std::int64_t opens = request.opens(group);
  if (received < opens)
    return refuse(
        statement.group + " may approve " + std::to_string(group.after) +
            " s after the request was made, not before",
        "wait " + std::to_string((opens - received) / 1000 + 1) + " s; `pawl deny` is possible now");
  if (rule.emergency && statement.reason.find_first_not_of(" \t\r\n") == std::string::npos)
    return refuse("an approval under the emergency rule " + rule.name + " needs a reason",
                  "pawl approve " + request.id().substr(0, 12) + " -m REASON");
  return {};
}

// Distinct persons in all, and as members of each group that must be heard.
Result<> check_enough(const Rule& rule, const std::map<std::string, std::string>& group_of_person) {
  if (group_of_person.size() < rule.quorum)
    return refuse("approved by " + std::to_string(group_of_person.size()) + " of " +
                  std::to_string(rule.quorum) + " persons");
  for (const Group& group : rule.from) {
    const auto given = std::ranges::count(group_of_person, group.name,
                                          [](const auto& entry) { return std::string_view(entry.second); });
    if (std::cmp_less(given, group.least))
      return refuse("approved by " + std::to_string(given) + " of the " + std::to_string(group.least) +
                    " persons of " + group.name + " who are needed");
  }
  return {};
}

}  // namespace

Result<receipt::SignedDecision> identify(const Rule& rule, std::string_view statement,
                                         std::string_view signature) {
  const receipt::Statement said = TRY(receipt::read_statement(statement));
  const receipt::SshSignature made = TRY(receipt::parse_armored(signature));
  const Member* member = TRY(member_of(rule, said));
  const std::string* line =
      find_key(*member, [&](const receipt::Credential& enrolled) { return receipt::names(made, enrolled); });
  if (line == nullptr)
    return not_enrolled(*member, made.certificate
                                     ? "the authority " + receipt::fingerprint(made.certificate->authority)
                                     : "the key " + receipt::fingerprint(made.key));
  const receipt::Credential enrolled = TRY(receipt::parse_credential(*line));
  return receipt::SignedDecision{std::string(statement), std::string(signature), said.person,
                                 receipt::credential_line(enrolled)};
}

Result<receipt::Statement> check_evidence(const Request& request, const receipt::SignedDecision& evidence,
                                          const Rule& rule, std::int64_t received,
                                          const CheckedDecisions* checked) {
  const auto* known = checked != nullptr ? checked->find(request.id(), evidence) : nullptr;
  receipt::Statement statement =
      known != nullptr ? *known : TRY(receipt::check_signed(evidence, received / kSecond)).statement;
  TRY(receipt::matches(statement.binding, request.binding));
  TRY(receipt::check_time(statement));
  const Member* member = TRY(member_of(rule, statement));
  // The same line is the same key, and needs no parsing.
  if (std::ranges::find(member->keys, evidence.key) == member->keys.end()) {
    const receipt::Credential signer = TRY(receipt::parse_credential(evidence.key));
    if (find_key(*member, [&](const receipt::Credential& enrolled) { return enrolled == signer; }) == nullptr)
      return not_enrolled(*member, "the key " + receipt::describe(signer));
  }
  if (statement.verdict == receipt::Verdict::approve) TRY(check_approval(request, statement, rule, received));
  return statement;
}

Result<std::vector<std::string>> check_quorum(const Request& request, const Rule& rule,
                                              const CheckedDecisions* checked) {
  // Whoever has checked decisions has checked the rule with the request.
  if (checked == nullptr) TRY(check_rule(rule, request.binding.launcher));
  std::map<std::string, std::string> group_of_person;
  for (const Decision& decision : request.decisions) {
    const receipt::Statement statement =
        TRY_DURING("decision of " + decision.evidence.person,
                   check_evidence(request, decision.evidence, rule, decision.received, checked));
    if (statement.verdict == receipt::Verdict::deny) return refuse(statement.person + " denied it");
    if (!group_of_person.emplace(statement.person, statement.group).second)
      return refuse(statement.person + " decides twice");
  }
  TRY(check_enough(rule, group_of_person));
  std::vector<std::string> persons;
  for (const auto& [person, group] : group_of_person) persons.push_back(person);
  return persons;
}

}  // namespace pawl::approval
