#include "supervisor/approval/request.hpp"

#include <algorithm>
#include <set>

namespace pawl::approval {

std::span<const std::string_view> words_of(State) {
  static constexpr std::string_view words[] = {"pending",       "approved", "consumed", "executing",
                                               "done",          "denied",   "expired",  "voided",
                                               "indeterminate", "released"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(State{})) + 1);
  return words;
}

std::string_view word(State state) { return words_of(state)[static_cast<std::size_t>(state)]; }

bool is_final(State state) { return state >= State::done; }

std::span<const std::string_view> words_of(Ending) {
  static constexpr std::string_view words[] = {"exited", "signalled", "timed_out", "not_started"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(Ending{})) + 1);
  return words;
}

std::uint32_t Request::approvals() const {
  std::set<std::string_view> persons;
  for (const Decision& decision : decisions)
    if (decision.statement.verdict == receipt::Verdict::approve) persons.insert(decision.statement.person);
  return static_cast<std::uint32_t>(persons.size());
}

std::uint32_t Request::approvals_as(std::string_view group) const {
  std::set<std::string_view> persons;
  for (const Decision& decision : decisions)
    if (decision.statement.verdict == receipt::Verdict::approve && decision.statement.group == group)
      persons.insert(decision.statement.person);
  return static_cast<std::uint32_t>(persons.size());
}

Missing Request::missing() const {
  Missing missing;
  std::uint32_t places = 0;
  for (const Group& group : rule.from) {
    const std::uint32_t given = approvals_as(group.name);
    if (given >= group.least) continue;
    missing.of_groups.push_back({group.name, group.least - given});
    places += group.least - given;
  }
  // A quorum of 0, which no rule has, would never be enough.
  const std::uint32_t quorum = std::max<std::uint32_t>(rule.quorum, 1);
  missing.persons = std::max(places, quorum - std::min(quorum, approvals()));
  return missing;
}

std::int64_t Request::opens(const Group& group) const { return (binding.issued + group.after) * 1000; }

}  // namespace pawl::approval
