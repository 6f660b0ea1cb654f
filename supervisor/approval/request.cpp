#include "supervisor/approval/request.hpp"

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

}  // namespace pawl::approval
