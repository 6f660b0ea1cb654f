// What was asked for and what became of it, counted from the ledger's entries alone. Pure; runs in `pawl
// report`, as the person; reads what a broker hands out, and believes nothing beyond its form.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/ledger/entry.hpp"

namespace pawl::approval {

struct ReportScope {
  std::string role;        // empty: every role
  std::int64_t since = 0;  // Unix ms: requests made, and refusals noted, from then on
};

struct Report {
  // Of one role's one action.
  struct Row {
    std::uint64_t requests = 0, approved = 0, denied = 0, expired = 0, voided = 0, waiting = 0;
    std::uint64_t failed = 0;            // approved, and ended otherwise than with exit code 0
    std::uint64_t indeterminate = 0;     // approved, and nobody knows what came of it
    std::uint64_t emergencies = 0;       // approved under a rule for emergencies
    std::uint64_t refused = 0;           // by the broker itself, before anybody was asked
    std::uint64_t pressed = 0;           // of these: by a limit on how often one may ask
    std::uint64_t joined = 0;            // asked for what was waiting already
    std::optional<std::int64_t> median;  // ms from the request to its approval or denial
  };
  struct Denial {
    std::string id, role, action, by, reason;
    std::int64_t time = 0;  // Unix ms
  };
  struct Emergency {
    std::string id, role, action, rule, launcher;
    std::vector<std::pair<std::string, std::string>> approvals;  // person, reason
    std::int64_t time = 0;                                       // Unix ms: when it was asked
    State state = State::pending;
  };
  struct Reviewer {
    std::uint64_t approved = 0, denied = 0;
  };

  std::map<std::pair<std::string, std::string>, Row> rows;  // by role and action
  std::vector<Denial> denials;                              // in the order of the log
  std::vector<Emergency> emergencies;                       // asked under such a rule, used or not
  std::map<std::string, Reviewer> reviewers;                // by person
};

// Takes entries one after the other, in the ledger's order.
class Reporter {
 public:
  explicit Reporter(ReportScope scope) : scope_(std::move(scope)) {}

  Result<> take(const ledger::Entry& entry);
  Report finish() const;

 private:
  struct Known {
    std::string role, action, rule, launcher;
    std::uint32_t quorum = 0;
    std::vector<Group> groups;
    bool emergency = false;
    State state = State::pending;
    std::int64_t asked = 0;
    std::optional<std::int64_t> decided;
    std::vector<std::pair<std::string, std::string>> approvals;  // person, reason
    std::map<std::string, std::uint32_t> of_group;
    bool failed = false;
    std::string by, reason;
  };

  Result<> take_request(const ledger::Entry& entry);
  Result<> take_decision(const ledger::Entry& entry);
  Result<> take_outcome(const ledger::Entry& entry);
  Result<> take_recover(const ledger::Entry& entry);
  void take_refusal(const ledger::Entry& entry);
  void move(const ledger::Entry& entry, State state);
  Known* find(const ledger::Entry& entry);

  ReportScope scope_;
  std::map<std::string, Known> requests_;  // those in scope
  std::vector<std::string> order_;
  std::map<std::string, std::string> session_roles_;
  std::map<std::pair<std::string, std::string>, Report::Row> refusals_;
  std::map<std::string, Report::Reviewer> reviewers_;
};

}  // namespace pawl::approval
