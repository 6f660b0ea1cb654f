// One privileged action on its way: what was asked, what people decided, what came of it.
// Runs in the broker and in `log verify`.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/approval/rule.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/statement.hpp"

namespace pawl::approval {

enum class State : std::uint8_t {
  pending,        // waits for decisions
  approved,       // enough decisions; not spent yet
  consumed,       // the receipt is burned; nothing runs yet
  executing,      // may run
  done,           // ran to an end: `outcome`
  denied,         // a reviewer said no: `by`, `reason`
  expired,        // nobody decided, or nobody spent it, in time
  voided,         // taken back: `reason`
  indeterminate,  // burned, and a restart found no outcome: it may have run; never run again
  released,       // a gate's: burned, and what it allows happens elsewhere, if at all
};
constexpr State last_of(State) { return State::released; }
std::span<const std::string_view> words_of(State);
std::string_view word(State state);
bool is_final(State state);

enum class Ending : std::uint8_t { exited, signalled, timed_out, not_started };
constexpr Ending last_of(Ending) { return Ending::not_started; }
std::span<const std::string_view> words_of(Ending);

struct Outcome {
  Ending ending = Ending::not_started;
  std::int32_t code = 0;      // exit status, or the signal's number
  std::string detail;         // for people: why it did not start or was killed, which limits did not hold
  std::optional<Digest> out;  // blobs, secrets scrubbed
  std::optional<Digest> err;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("ending", self.ending);
    archive("code", self.code);
    archive("detail", self.detail);
    archive("out", self.out);
    archive("err", self.err);
  }
  bool operator==(const Outcome&) const = default;
};

// A decision as it stands in the ledger, with what it says.
struct Decision {
  receipt::SignedDecision evidence;
  receipt::Statement statement;
  std::int64_t received = 0;  // Unix ms by the broker's clock
};

// Whose requests are counted, and folded, together: a session's, or those that a person makes without one.
struct Asker {
  std::string session;
  std::string person;  // the launcher, or who asked
  auto operator<=>(const Asker&) const = default;
};

// What decisions a request still waits for.
struct Missing {
  struct OfGroup {
    std::string group;
    std::uint32_t persons = 0;  // who must approve as its members
  };
  std::uint32_t persons = 0;  // distinct ones, in all
  std::vector<OfGroup> of_groups;
};

struct Request {
  receipt::Binding binding;  // id, digests, role, session, requesters, times: what decisions must repeat
  std::string action;
  receipt::DocumentKind kind = receipt::DocumentKind::exec;
  Rule rule;                         // as it stood when asked
  std::string why;                   // the agent's words: shown fenced, never judged
  std::optional<Digest> parameters;  // blob: the values that were given, where the action can be rolled back
  std::string rolls_back;            // the request that this one takes back; empty: none
  std::string replaces;              // the one whose preview had changed when it was approved; empty: none
  std::string replaced_by;           // voided: the one that was made in its place
  State state = State::pending;
  std::vector<Decision> decisions;
  std::string by;      // denied: the person; voided: what did it
  std::string reason;  // denied, voided, indeterminate
  std::optional<Outcome> outcome;
  std::int64_t created = 0;                  // Unix ms
  std::int64_t changed = 0;                  // Unix ms: of the last entry about it
  std::optional<std::uint64_t> consumed_at;  // index of the consume entry
  std::int64_t escalated = 0;                // seconds: the latest step of the rule whose reviewers were told

  const std::string& id() const { return binding.request; }
  Asker asker() const { return {binding.session, binding.launcher}; }
  std::uint32_t approvals() const;                           // distinct persons
  std::uint32_t approvals_as(std::string_view group) const;  // distinct persons who named that group
  Missing missing() const;                                   // persons == 0: enough
  std::int64_t opens(const Group& group) const;              // Unix ms: from then on its members approve
};

}  // namespace pawl::approval
