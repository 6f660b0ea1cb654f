// The part of `log verify` that is about people: every enrolment, removal, revocation and freeze is signed by
// whom it must be; under the system broker every rule names only keys and members that were enrolled when it
// was asked; nothing was spent while it was frozen or revoked. Trusts nothing in the entries.
#pragma once

#include "supervisor/approval/directory.hpp"
#include "supervisor/approval/freezes.hpp"

namespace pawl::approval {

class OrderVerifier {
 public:
  // In order, every entry; before the question below about the same one.
  Result<> take(const ledger::Entry& entry);
  // As it stood when asked: with everything that was taken before.
  Result<> check_request(const Request& request) const;
  // Nothing of it is frozen or revoked, and under the system broker each deciding key is still enrolled.
  Result<> check_spent(const Request& request) const;
  std::uint64_t orders() const { return orders_; }

 private:
  Directory directory_;
  Freezes freezes_;
  std::uint64_t orders_ = 0;
};

}  // namespace pawl::approval
