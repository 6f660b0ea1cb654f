// The approval machine. It lives on the ledger: a step is first judged here and turned into the entry that
// would record it; the broker appends that entry; applying the entry, and nothing else, changes the state. A
// restart replays the same entries through the same apply(). Between a step and its apply() no other step may
// be judged.
//
//   propose ─► request ─► pending ─decide─► approved ─consume─► consumed ─start─► executing ─finish─► done
//                            │ one deny ─► denied   │ expire ─► expired    │ restart ─► indeterminate
//                            └ withdraw ─► voided (also from approved)
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
#include "supervisor/approval/request.hpp"
#include "supervisor/approval/rule.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/bundle.hpp"

namespace pawl::approval {

// What to append to the ledger, then to apply().
struct Step {
  ledger::Kind kind = ledger::Kind::request;
  boost::json::object body;
};

struct Limits {
  std::size_t pending_per_session = 16;
  std::size_t requests_per_minute = 30;  // new ones, a session
  std::int64_t cooldown = 60;  // seconds after a denial before the same session may ask for the same again
};

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
  std::string why;  // at most 280 characters
};

struct Proposed {
  std::string id;            // the new request's, or the one that it joined
  std::optional<Step> step;  // none: joined
};

// For the report: how often agents pressed.
struct Counts {
  std::uint64_t created = 0, joined = 0, refused = 0;  // refused: by a limit
};

enum class Withdrawal : std::uint8_t { killed, revoked, policy_changed };
constexpr Withdrawal last_of(Withdrawal) { return Withdrawal::policy_changed; }
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
  // Would a new request of theirs be one too many, whatever it asks? Before anything is copied for it.
  Result<> has_room(const Asker& asker, std::int64_t now) const;
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

 private:
  Result<const Request*> in_state(const std::string& id, std::initializer_list<State> allowed) const;
  const Request* find_joinable(const Proposal& proposal, std::int64_t now) const;
  void settle(const ledger::Entry& entry);
  Result<> check_limits(const Proposal& proposal, std::int64_t now) const;
  Result<Request*> known(const std::string& id);
  Result<> apply_request(const ledger::Entry& entry);
  Result<> apply_decision(const ledger::Entry& entry);
  Result<> apply_progress(const ledger::Entry& entry);
  Result<> apply_end(const ledger::Entry& entry);
  Result<> apply_recover(const ledger::Entry& entry);

  std::string audience_;
  Limits limits_;
  std::map<std::string, Request, std::less<>> requests_;
  std::vector<std::string> order_;     // ids as they were created
  std::vector<std::string> open_;      // of these: what waits or runs, so that the past costs nothing
  std::vector<std::string> denied_;    // ids as they were denied
  std::vector<std::string> finished_;  // ids as they came to their end
  std::map<Asker, Counts> counts_;
};

}  // namespace pawl::approval
