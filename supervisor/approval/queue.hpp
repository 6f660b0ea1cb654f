// The approval machine. It lives on the ledger: a step is first judged here and turned into the entry that
// would record it; the broker appends that entry; applying the entry, and nothing else, changes the state. A
// restart replays the same entries through the same apply(). Between a step and its apply() no other step may
// be judged.
//
//   propose ─► request ─► pending ─decide─► approved ─consume─► consumed ─start─► executing ─finish─► done
//                            │ one deny ─► denied   │ expire ─► expired    │ restart ─► indeterminate
//                            └ withdraw ─► voided (also from approved)
//
// A gate's request ends with its burning (released): what it allows is done elsewhere, by whom it was given
// to.
//
// No clock is read, nothing is written, no policy is known: all are passed in.
// Runs in the broker on reviewers' statements and signatures, and on its own ledger.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/freezes.hpp"
#include "supervisor/approval/pressure.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/approval/rule.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/bundle.hpp"

namespace pawl::approval {

// What to append to the ledger, then to apply().
struct Step {
  ledger::Kind kind = ledger::Kind::request;
  boost::json::object body;
  // Unix ms as of when it was judged: the entry's time, so that whoever reads the log judges by the same; 0:
  // none was looked at.
  std::int64_t judged = 0;
};

struct Limits {
  std::size_t pending_per_session = 16;
  std::size_t requests_per_minute = 30;  // new ones, a session
};  // A rule's own cooldown and rates hold besides.

// A new request, as the broker pinned it.
struct Proposal {
  std::string id;       // random_id()
  std::string session;  // full id; empty, as is agent: a person asks on their own
  std::string role;
  std::string agent;     // what runs in the session, as the broker names it
  std::string launcher;  // the person; an unmapped launcher (empty) can get no receipt
  std::string action;
  Digest document{};  // of the canonical action document, already in the BlobStore
  Digest rendered{};  // sha256(render(document)), by kRendererVersion
  Digest policy{};
  Rule rule;
  std::string why;                // at most 280 characters
  std::optional<Digest> preview;  // of what the preview printed, in the BlobStore; none: the action has none
  std::optional<Digest> parameters;  // in the BlobStore, too
  std::string rolls_back;            // id of a request that has run, or may have; empty: none
  std::string replaces;              // id of a request that is void; empty: none
  receipt::DocumentKind kind = receipt::DocumentKind::exec;  // the document's
};

struct Proposed {
  std::string id;            // the new request's, or the one that it joined
  std::optional<Step> step;  // none: joined
};

// A step of a request's rule that has begun.
struct Escalated {
  Step step;  // that its reviewers are told
  std::string request;
  std::vector<std::string> groups;  // who may decide from now on
};

// For the report: how often agents pressed.
struct Counts {
  std::uint64_t created = 0, joined = 0, refused = 0;  // refused: by a limit
};

enum class Withdrawal : std::uint8_t { killed, revoked, policy_changed, preview_changed };
constexpr Withdrawal last_of(Withdrawal) { return Withdrawal::preview_changed; }
std::span<const std::string_view> words_of(Withdrawal);

enum class Doubt : std::uint8_t {
  restart,   // the broker starts: what was burned without an outcome is indeterminate; what waits goes on
  restored,  // besides, everything that waits is void (Ledger::open() has logged it already, so that apply()
             // did it)
  clock,     // the clock went back: everything that waits is void
};

class Queue {
 public:
  explicit Queue(std::string audience, Limits limits = {})
      : audience_(std::move(audience)), limits_(limits) {}

  // Times are Unix milliseconds by the broker's clock.
  // The same asker asking for the same document while that waits or runs joins it.
  Result<Proposed> propose(const Proposal& proposal, std::int64_t now);
  // What propose() would say, before the preview is made: the id that it joins, none for a new request, or
  // why not. What joins or is refused counts as if it had been proposed.
  Result<std::optional<std::string>> foresee(const Proposal& proposal, std::int64_t now);
  // Would a new request of theirs be one too many, whatever it asks? Before anything is copied for it. A
  // refusal is counted.
  Result<> has_room(const Asker& asker, std::int64_t now);
  // `statement` and `signature` as a reviewer sent them; `id` in full. Checks everything; what it refuses is
  // not logged here.
  Result<Step> decide(const std::string& id, std::string_view statement, std::string_view signature,
                      const Current& current, std::int64_t now) const;
  // Everything again, as of now: signatures, people, policy, expiry. Only what this returns, durably
  // appended, may run.
  Result<Step> consume(const std::string& id, const Current& current, std::int64_t now) const;
  Result<Step> start(const std::string& id) const;
  Result<Step> finish(const std::string& id, const Outcome& outcome) const;

  std::vector<Step> expire(std::int64_t now) const;  // all that are due
  // Steps of waiting requests' rules that have begun without their reviewers having been told. `command`: who
  // tells them, for the record.
  std::vector<Escalated> escalate(std::int64_t now, const std::string& command) const;
  Result<Step> withdraw(const std::string& id, Withdrawal why, const std::string& by,
                        const std::string& reason) const;
  std::vector<Step> withdraw_session(const std::string& session, const std::string& by,
                                     const std::string& reason) const;
  std::vector<Step> recover(Doubt doubt) const;  // one step, or none where nothing would change

  // Entries of kinds that are not about requests are taken and ignored. An error means that the ledger
  // contradicts itself: do not serve on it.
  Result<> apply(const ledger::Entry& entry);

  // Lets go of what came to its end before `before` (Unix ms), and hands it out. Limits look back a minute,
  // and the cooldown after a denial as long as it lasts: do not take what they need.
  std::vector<Request> take_finished(std::int64_t before);

  // Full id, or a unique prefix of at least 8 digits.
  Result<const Request*> find(std::string_view id_or_prefix) const;
  std::vector<const Request*> list() const;         // oldest first
  std::vector<const Request*> pending() const;      // pending or approved, oldest first
  std::optional<std::int64_t> next_expiry() const;  // Unix ms
  Counts counts(const Asker& asker) const;
  const std::string& audience() const { return audience_; }
  const Freezes& freezes() const { return freezes_; }

 private:
  Result<const Request*> in_state(const std::string& id, std::initializer_list<State> allowed) const;
  const Request* find_joinable(const Proposal& proposal, std::int64_t now) const;
  void settle(const ledger::Entry& entry);
  Result<> check_limits(const Proposal& proposal, std::int64_t now) const;
  Result<> check_relations(const Proposal& proposal) const;
  Result<> check_room(const Asker& asker, std::int64_t now) const;
  Result<Request*> known(const std::string& id);
  Result<> apply_request(const ledger::Entry& entry);
  Result<> apply_decision(const ledger::Entry& entry);
  Result<> apply_progress(const ledger::Entry& entry);
  Result<> apply_end(const ledger::Entry& entry);
  Result<> apply_recover(const ledger::Entry& entry);
  Result<> apply_notify(const ledger::Entry& entry);

  std::string audience_;
  Limits limits_;
  std::map<std::string, Request, std::less<>> requests_;
  std::vector<std::string> order_;     // ids as they were created
  std::vector<std::string> open_;      // of these: what waits or runs, so that the past costs nothing
  std::vector<std::string> finished_;  // ids as they came to their end
  Pressure pressure_;
  std::map<Asker, Counts> counts_;
  Freezes freezes_;  // what was taken back or stopped
};

}  // namespace pawl::approval
