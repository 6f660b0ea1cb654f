// Signed orders as they stand in the ledger, and the two questions that both the directory and the freezes
// ask of them. Internal to approval/. Runs in the broker and in `log verify`, which trusts nothing in them.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/receipt/order.hpp"

namespace pawl::approval {

enum class OrderStage : std::uint8_t {
  proposed,  // signed by who asks; waits for a second person
  order,     // carried out from here on
};
constexpr OrderStage last_of(OrderStage) { return OrderStage::order; }
std::span<const std::string_view> words_of(OrderStage);

// Body of `enroll`, `revoke` and `freeze` entries about orders.
struct OrderRecord {
  OrderStage what = OrderStage::order;
  receipt::SignedOrder order;
  std::uint32_t uid = 0;  // the kernel's word for who brought it
  // Unix ms: when the broker judged it. Fresh then, it is fresh: between judging and writing a second may
  // turn.
  std::int64_t received = 0;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("what", self.what);
    archive("order", self.order);
    archive("uid", self.uid);
    archive("received", self.received);
  }
};

// Entries of the same kinds are about other things, too: what the file says, requests that became void.
inline bool is_order(const boost::json::object& body) { return body.contains("order"); }

}  // namespace pawl::approval
