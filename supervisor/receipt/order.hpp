// The order statement: in-toto Statement v1 that says which one change a person makes to who counts, or what
// they take back at once. Signed like a decision (SSHSIG over the DSSE PAE), in a namespace of its own for
// each of the two sorts, so that none is ever read as another. Pure; made by people's tools, checked by the
// broker and by `log verify`, which trust nothing in it before read_order().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/receipt/public_key.hpp"

namespace pawl::receipt {

inline constexpr std::string_view kEnrollType = "https://pawl.dev/enroll/v1";
inline constexpr std::string_view kRevokeType = "https://pawl.dev/revoke/v1";
inline constexpr std::string_view kEnrollNamespace = "enroll.v1@pawl";
inline constexpr std::string_view kRevokeNamespace = "revoke.v1@pawl";
inline constexpr std::size_t kMaxOrderBytes = 24 * 1024;         // of the canonical text
inline constexpr std::int64_t kLongestEnrolment = 24 * 60 * 60;  // seconds: it waits for a second person
inline constexpr std::int64_t kLongestRevocation = 10 * 60;      // seconds
inline constexpr std::size_t kMaxOrderGroups = 32;

enum class OrderVerb : std::uint8_t {
  // who counts: enroll.v1@pawl
  add_key,        // `name` signs with `key` from now on, and is a member of `groups`
  rotate_key,     // `key` takes the place of `old_key`
  join_group,     // `name` is a member of the one in `groups`
  remove_key,     // `name` no longer signs with `key`
  leave_group,    // `name` is no member of the one in `groups`
  remove_person,  // `name` counts no more
  // what may act: revoke.v1@pawl
  revoke_session,
  revoke_request,
  revoke_role,
  revoke_person,
  revoke_key,  // `name` is its fingerprint; for good
  restore_role,
  restore_person,
  freeze,  // of the role `name`, or of everything where it is empty
  thaw,
};
constexpr OrderVerb last_of(OrderVerb) { return OrderVerb::thaw; }
std::span<const std::string_view> words_of(OrderVerb);
std::string_view word(OrderVerb verb);

enum class OrderSort : std::uint8_t { enroll, revoke };
constexpr OrderSort sort_of(OrderVerb verb) {
  return verb <= OrderVerb::remove_person ? OrderSort::enroll : OrderSort::revoke;
}
constexpr std::string_view namespace_of(OrderVerb verb) {
  return sort_of(verb) == OrderSort::enroll ? kEnrollNamespace : kRevokeNamespace;
}
// It takes effect only with the signature of a second person.
constexpr bool needs_voucher(OrderVerb verb) { return verb <= OrderVerb::join_group; }

struct Order {
  std::string id;            // 64 hexadecimal digits: taken once
  std::string audience;      // name of the one broker that may carry it out
  std::string by;            // the person who orders it; of what needs a voucher, who asks for it
  std::int64_t issued = 0;   // Unix seconds
  std::int64_t expires = 0;  // Unix seconds: the first second in which it is void
  OrderVerb verb = OrderVerb::freeze;
  std::string name;  // person, session (full id), request (full id), role or key fingerprint, by the verb
  std::string key, old_key;         // key lines: "ssh-ed25519 AAAA…"
  std::vector<std::string> groups;  // without '@'
  std::string reason;               // may be empty but where everything of a kind stops or goes on

  bool operator==(const Order&) const = default;
};

// The canonical bytes. Refuses what read_order() would refuse.
Result<std::string> write_order(const Order& order);

// Strict: canonical, every key, no other key, the type of its verb, exactly the fields that the verb has, a
// subject that is the change's digest, a life that is not longer than its sort may have.
Result<Order> read_order(std::string_view bytes);

// By the broker's clock, Unix seconds: not yet expired, and issued no later than a clock that goes a little
// wrong can say.
Result<> check_fresh(const Order& order, std::int64_t now);

// In words, whole, every foreign character made visible: what a person sees before they sign.
std::string order_text(const Order& order);

struct OrderSignature {
  std::string person;
  std::string key;        // key line
  std::string signature;  // armored SSHSIG over the PAE of the statement
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("person", self.person);
    archive("key", self.key);
    archive("signature", self.signature);
  }
  bool operator==(const OrderSignature&) const = default;
};

struct SignedOrder {
  std::string statement;  // canonical bytes
  std::vector<OrderSignature> signatures;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("statement", self.statement);
    archive("signatures", self.signatures);
  }
  bool operator==(const SignedOrder&) const = default;
};

// Signature by exactly that key, in the namespace of the verb. Whose key it is, is not looked at.
Result<> check_order_signature(OrderVerb verb, std::string_view statement, const OrderSignature& signature);

// The key line of whoever signed: worth nothing until compared with an enrolled one.
Result<std::string> signing_key(std::string_view armored);

}  // namespace pawl::receipt
