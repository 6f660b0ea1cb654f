// Who is enrolled with which key and in which groups, and who vouched for that: replayed from the ledger's
// `enroll` entries, each signature checked again. Under the system broker the files only propose: nobody
// counts with a key or a group that is not here. In an embedded home the file decides, and this only
// remembers what it said, so that `log verify` knows whose orders to believe. Pure; runs in the broker and in
// `log verify`, which trusts nothing in the entries.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/order.hpp"

namespace pawl::approval {

struct Vouched {
  std::string by;          // empty: the first person, taken from the root-owned file
  std::int64_t since = 0;  // Unix ms
};

struct Enrolled {
  std::map<std::string, Vouched, std::less<>> keys;    // by key line
  std::map<std::string, Vouched, std::less<>> groups;  // by name, without '@'
};

// Signed by who asks; takes effect when another person signs it, too.
struct WaitingOrder {
  receipt::Order order;
  receipt::SignedOrder evidence;
  std::uint32_t uid = 0;      // whose process asked
  std::int64_t received = 0;  // Unix ms
};

class Directory {
 public:
  // Entries about other things are taken and ignored. An error means that the entry is not signed as it must
  // be, or contradicts what is known.
  Result<> apply(const ledger::Entry& entry);

  // Steps, judged: to be appended and applied. Times are Unix ms by the broker's clock.
  // The first person of a ledger in which nobody was ever enrolled.
  Result<Step> enroll_first(const std::string& person, const std::vector<std::string>& keys,
                            const std::vector<std::string>& groups) const;
  // What takes effect only with a second person: signed by the new key (and of a rotation by the old one).
  Result<Step> propose(const std::string& statement, const std::vector<std::string>& signatures,
                       std::uint32_t uid, std::int64_t now) const;
  // By any other enrolled person, who vouches; `id` in full.
  Result<Step> confirm(const std::string& id, const std::string& signature, std::uint32_t uid,
                       std::int64_t now) const;
  // What takes something away, or stops and gives back what may act: one signature, at once.
  Result<Step> carry_out(const std::string& statement, const std::string& signature, std::uint32_t uid,
                         std::int64_t now) const;

  // Does the ledger decide who counts? (Of an embedded home it does not.)
  bool decides() const { return system_; }
  bool anybody_yet() const { return started_; }
  // Whether a signature of this person by this key counts, as far as the ledger can tell.
  bool knows(std::string_view person, std::string_view key) const;
  bool in_group(std::string_view person, std::string_view group) const;
  // Who is enrolled with that key; empty: nobody.
  std::string holder_of(std::string_view key) const;
  const std::map<std::string, Enrolled, std::less<>>& people() const { return people_; }
  // That have not expired at `now`, oldest first.
  std::vector<const WaitingOrder*> waiting(std::int64_t now) const;
  // By id or a unique prefix of at least 8 digits.
  Result<const WaitingOrder*> find_waiting(std::string_view prefix, std::int64_t now) const;
  std::uint64_t version() const { return version_; }  // grows with every change

 private:
  Result<> check_common(const receipt::Order& order, const receipt::SignedOrder& evidence,
                        std::int64_t now) const;
  Result<> check_proposal(const receipt::Order& order, const receipt::SignedOrder& evidence,
                          std::size_t more) const;
  Result<> check_voucher(const receipt::Order& order, const receipt::OrderSignature& signature) const;
  Result<> check_single(const receipt::Order& order, const receipt::SignedOrder& evidence) const;
  Result<> check_new_key(const receipt::Order& order) const;
  Result<> check_target(const receipt::Order& order) const;
  Result<> check_whole(const receipt::Order& order, const receipt::SignedOrder& evidence) const;
  void carry_out(const receipt::Order& order, const std::string& voucher, std::int64_t time);
  void take_key(std::string_view person, std::string_view key);

  Result<> apply_boot(const ledger::Entry& entry);
  Result<> apply_policy(const ledger::Entry& entry);
  Result<> apply_first(const ledger::Entry& entry);
  Result<> apply_order(const ledger::Entry& entry);

  std::string audience_;
  bool system_ = false;
  bool started_ = false;
  std::map<std::string, Enrolled, std::less<>> people_;
  std::map<std::string, WaitingOrder, std::less<>> waiting_;
  std::set<std::string, std::less<>> used_;     // ids of orders, each taken once
  std::set<std::string, std::less<>> revoked_;  // fingerprints, for good
  std::set<std::string, std::less<>> banned_;   // persons, until they are restored
  // Persons of the last policy on record → fingerprints; none: it was too long to be recorded.
  std::optional<std::map<std::string, std::set<std::string>, std::less<>>> file_;
  std::uint64_t version_ = 0;
};

}  // namespace pawl::approval
