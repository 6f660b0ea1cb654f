// What has been taken back or stopped, until somebody gives it back: roles, persons, sessions, keys, and
// freezes of a role or of everything. Part of the approval machine: replayed from the ledger, asked before
// anything is proposed, decided or spent. Whether an order is signed is the directory's to say. Pure; runs in
// the broker and in `log verify`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/order.hpp"

namespace pawl::approval {

struct Ban {
  std::string by;
  std::string reason;      // may be empty
  std::int64_t since = 0;  // Unix ms
};

class Freezes {
 public:
  using Bans = std::map<std::string, Ban, std::less<>>;

  // Does the order say anything in this state: what is frozen already cannot be frozen, what is not cannot be
  // thawed; under the system broker nobody gives back what they took themselves.
  Result<> check(const receipt::Order& order) const;
  // Entries about other things are taken and ignored.
  Result<> apply(const ledger::Entry& entry);

  // The freeze of everything, or of this role; nullptr: none.
  const Ban* frozen(std::string_view role) const;
  bool is_revoked_person(std::string_view person) const { return persons_.contains(person); }
  bool is_revoked_key(std::string_view line) const;

  // May this session of this role, started by this person, go on, or a new one begin (empty session)?
  Result<> may_run(std::string_view session, std::string_view role, std::string_view person) const;
  // Besides, may what was asked for go on waiting: does every signature count that it rests on?
  Result<> may_stand(const Request& request) const;
  // May anything of it be asked for, approved or done? Also while it is frozen, the answer is no.
  Result<> may_act(const receipt::Binding& binding) const;
  // Both.
  Result<> may_spend(const Request& request) const;
  // Does this signature count?
  Result<> may_sign(std::string_view person, std::string_view key) const;

  const Bans& freezes() const { return freezes_; }  // by role; "": of everything
  const Bans& roles() const { return roles_; }
  const Bans& persons() const { return persons_; }
  const Bans& keys() const { return keys_; }          // by fingerprint
  std::uint64_t version() const { return version_; }  // grows with every change

 private:
  Result<> check_given_back(const Bans& bans, const receipt::Order& order, std::string_view what) const;
  void carry_out(const receipt::Order& order, std::int64_t time);

  bool system_ = false;
  Bans freezes_, roles_, persons_, sessions_, requests_, keys_;
  std::uint64_t version_ = 0;
};

}  // namespace pawl::approval
