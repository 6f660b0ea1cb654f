// Ordinary orders for tests to start from and to damage.
#pragma once

#include <string>

#include "supervisor/receipt/order.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/signer.hpp"

namespace pawl::test {

inline receipt::Order sample_order(receipt::OrderVerb verb = receipt::OrderVerb::add_key) {
  using receipt::OrderVerb;
  receipt::Order order;
  order.id = std::string(32, '3') + std::string(32, 'e');
  order.audience = "prod-broker";
  order.by = needs_voucher(verb) ? "bob" : "alice";
  order.verb = verb;
  order.name = "bob";
  order.issued = kSampleIssued;
  order.expires = kSampleIssued + 600;
  if (verb == OrderVerb::add_key || verb == OrderVerb::rotate_key || verb == OrderVerb::remove_key)
    order.key = Signer(3).line();
  if (verb == OrderVerb::rotate_key) order.old_key = Signer(7).line();
  if (verb == OrderVerb::add_key) order.groups = {"developers", "sre"};
  if (verb == OrderVerb::join_group || verb == OrderVerb::leave_group) order.groups = {"sre"};
  if (verb == OrderVerb::revoke_session || verb == OrderVerb::revoke_request)
    order.name = std::string(64, 'a');
  if (verb == OrderVerb::revoke_role || verb == OrderVerb::restore_role) order.name = "deployer";
  if (verb == OrderVerb::revoke_key) order.name = receipt::fingerprint(Signer(3).key());
  if (verb == OrderVerb::freeze || verb == OrderVerb::thaw) {
    order.name = "";
    order.reason = "incident 42";
  }
  return order;
}

}  // namespace pawl::test
