// A queue with a ledger in memory, people with keys, and a clock that the test turns.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/approval/queue.hpp"
#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/entry.hpp"
#include "tests/support/signer.hpp"

namespace pawl::test {

class World {
 public:
  World();

  // Asks for the sample action with one argument changed; returns the id. `session` is one digit.
  std::string ask(const std::string& service = "web", char session = 'a');
  Result<approval::Proposed> propose(const approval::Proposal& proposal);
  approval::Proposal proposal(const std::string& service = "web", char session = 'a');

  // What `person` would sign now for the request.
  receipt::Statement statement(const std::string& id, const std::string& person,
                               receipt::Verdict verdict = receipt::Verdict::approve) const;
  // Decides with that person's first key; the step is committed.
  Result<> decide(const std::string& id, const std::string& person,
                  receipt::Verdict verdict = receipt::Verdict::approve);
  Result<> decide_with(const std::string& id, const receipt::SignedDecision& decision);
  Result<> consume(const std::string& id);
  Result<> start(const std::string& id);
  Result<> finish(const std::string& id);
  // Approved by alice and bob.
  std::string approved(const std::string& service = "web", char session = 'a');

  Result<> commit(Result<approval::Step> step);
  void commit(const approval::Step& step);
  void commit_all(const std::vector<approval::Step>& steps);
  // A new queue that has replayed the ledger.
  void restart();

  approval::State state(const std::string& id) const { return queue.find(id).value()->state; }
  Result<approval::LogReport> verify_log() const;
  approval::LogToVerify log_to_verify() const;  // without blobs

  std::int64_t now = 1'780'000'000'000;  // Unix ms
  std::map<std::string, Signer> keys;    // by person; "alice2" is alice's second key
  approval::Current current;
  approval::Queue queue{"prod-broker"};
  std::vector<ledger::Entry> entries;
  std::map<Digest, std::string> blobs;

 private:
  std::uint64_t next_id_ = 0;
};

}  // namespace pawl::test
