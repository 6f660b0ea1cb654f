// An approval rule for one launcher: exactly the persons whose decisions count, in which groups, from when
// on. Runs in pawld; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

struct EligiblePerson {
  std::string name;
  std::vector<std::string> keys;  // canonical OpenSSH public keys that count, at least one
};

// As whose members persons decide: an entry of `from`, or of an escalation.
struct ResolvedGroup {
  std::string name;                  // "@sre", "alice", "@self"
  std::uint32_t least = 0;           // so many of the quorum must decide as its members
  std::chrono::seconds after{0};     // from then on its members may approve, counted from when it was asked
  std::vector<std::string> members;  // names of eligible people

  bool holds(std::string_view person) const;
};

struct ResolvedRule {
  std::string name;
  std::uint32_t quorum = 1;
  std::chrono::seconds expires{0};
  LauncherVote launcher = LauncherVote::excluded;
  KeyDemand key = KeyDemand::any;
  Emergency emergency = Emergency::no;
  std::chrono::seconds cooldown = kLeastCooldown;
  std::vector<RequestRate> rates;
  std::vector<EligiblePerson> people;  // by name, each once
  std::vector<ResolvedGroup> groups;   // each person is in at least one

  const EligiblePerson* find(std::string_view person) const;
  const ResolvedGroup* find_group(std::string_view group) const;
  // From when on their approval counts; nullopt: never.
  std::optional<std::chrono::seconds> opens_for(std::string_view person) const;
  std::uint32_t sum_of_leasts() const;
};

// The launcher is not among the people where the rule excludes them.
ResolvedRule resolve(const Policy& policy, const Rule& rule, std::string_view launcher);

// What satisfies this satisfies each of `rules`, which are resolved for one launcher; the first gives the
// name. Whoever counts, counts for all of them, from the latest of their times on. Where the rest does not
// bring about what some rule demands of a group already, that demand is added, and the quorum grows if it
// must.
ResolvedRule strictest_of(const std::vector<ResolvedRule>& rules);

// Enough distinct persons for the quorum and for what is demanded of each group. The error says what lacks.
Result<> enough_people(const ResolvedRule& rule);

}  // namespace pawl::policy
