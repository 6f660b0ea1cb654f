#include "supervisor/receipt/order.hpp"

#include <algorithm>

#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "supervisor/receipt/statement.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

constexpr std::string_view kChangeSubject = "change";
constexpr std::string_view kFingerprintPrefix = "SHA256:";
constexpr std::size_t kFingerprintDigits = 43;  // Base64 of 32 bytes, without padding

// The statement's JSON, level by level.
struct Change {
  OrderVerb verb = OrderVerb::freeze;
  std::string name, key, old_key;
  std::vector<std::string> groups;
  std::string reason;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("verb", self.verb);
    archive("name", self.name);
    archive("key", self.key);
    archive("old_key", self.old_key);
    archive("groups", self.groups);
    archive("reason", self.reason);
  }
};

struct SubjectDigest {
  Digest sha256{};
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("sha256", self.sha256);
  }
};

struct Subject {
  std::string name;
  SubjectDigest digest;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("digest", self.digest);
  }
};

struct Predicate {
  std::string order, audience, by;
  std::int64_t issued = 0, expires = 0;
  Change change;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("order", self.order);
    archive("audience", self.audience);
    archive("by", self.by);
    archive("issued", self.issued);
    archive("expires", self.expires);
    archive("change", self.change);
  }
};

struct Envelope {
  std::string type;
  std::vector<Subject> subject;
  std::string predicate_type;
  Predicate predicate;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("_type", self.type);
    archive("subject", self.subject);
    archive("predicateType", self.predicate_type);
    archive("predicate", self.predicate);
  }
};

std::string_view type_of(OrderVerb verb) {
  return sort_of(verb) == OrderSort::enroll ? kEnrollType : kRevokeType;
}

Result<Digest> digest_of(const Change& change) {
  const std::string bytes = TRY(to_canonical(to_object(change)));
  return sha256(bytes);
}

bool is_fingerprint(std::string_view text) {
  return text.size() == kFingerprintPrefix.size() + kFingerprintDigits &&
         text.starts_with(kFingerprintPrefix) &&
         std::ranges::all_of(text.substr(kFingerprintPrefix.size()), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                  c == '/';
         });
}

// Byte-equal to how pawl writes that key, so that one key has one spelling on record.
Result<> check_key(std::string_view line, std::string_view field) {
  const PublicKey key = TRY_DURING(field, parse_public_key(line));
  if (key_line(key) != line) return refuse(std::string(field) + " is not spelled as pawl spells keys");
  return {};
}

// Which fields a verb has besides its name; every other one must be empty.
struct Shape {
  bool key = false, old_key = false;
  std::size_t least_groups = 0, most_groups = 0;
  bool reason_needed = false;
};

Shape shape_of(OrderVerb verb) {
  switch (verb) {
    case OrderVerb::add_key:
      return {.key = true, .most_groups = kMaxOrderGroups};
    case OrderVerb::rotate_key:
      return {.key = true, .old_key = true};
    case OrderVerb::remove_key:
      return {.key = true};
    case OrderVerb::join_group:
    case OrderVerb::leave_group:
      return {.least_groups = 1, .most_groups = 1};
    case OrderVerb::freeze:
    case OrderVerb::thaw:
      return {.reason_needed = true};
    default:
      return {};
  }
}

Result<> check_name(const Order& order) {
  switch (order.verb) {
    case OrderVerb::revoke_session:
    case OrderVerb::revoke_request:
      if (!is_full_id(order.name)) return refuse("name is not an id of 64 hexadecimal digits");
      return {};
    case OrderVerb::revoke_key:
      if (!is_fingerprint(order.name)) return refuse("name is not a key's fingerprint (SHA256:…)");
      return {};
    case OrderVerb::freeze:
    case OrderVerb::thaw:
      if (order.name.empty()) return {};
      break;
    default:
      break;
  }
  if (!is_plain_name(order.name)) return refuse("name is not a name");
  return {};
}

Result<> check_groups(const Order& order, const Shape& shape) {
  if (order.groups.size() < shape.least_groups || order.groups.size() > shape.most_groups)
    return refuse("groups has another number of entries than " + std::string(word(order.verb)) + " takes");
  for (const std::string& group : order.groups)
    if (!is_plain_name(group) || group.starts_with('@')) return refuse("a group is not a name without '@'");
  if (!std::ranges::is_sorted(order.groups) || std::ranges::adjacent_find(order.groups) != order.groups.end())
    return refuse("groups is not in order, each once");
  return {};
}

Result<> check_reason(const Order& order, const Shape& shape) {
  const auto characters = count_characters(order.reason);
  if (!characters || !is_text(order.reason)) return refuse("reason holds a NUL or is not UTF-8");
  if (*characters > kMaxReasonCharacters)
    return refuse("reason is longer than 280 characters", "say it shorter");
  if (shape.reason_needed && order.reason.empty()) return refuse("reason is empty", "say why: -m REASON");
  return {};
}

Result<> check_life(const Order& order) {
  if (order.issued < 0 || order.issued >= order.expires) return refuse("expires is not after issued");
  const std::int64_t most = sort_of(order.verb) == OrderSort::enroll ? kLongestEnrolment : kLongestRevocation;
  if (order.expires - order.issued > most)
    return refuse("it lives longer than " + std::to_string(most) + " seconds");
  return {};
}

Result<> check(const Order& order) {
  const Shape shape = shape_of(order.verb);
  if (!is_full_id(order.id)) return refuse("order is not an id of 64 hexadecimal digits");
  if (!is_plain_name(order.audience)) return refuse("audience is not a name");
  if (!is_plain_name(order.by)) return refuse("by is not a name");
  TRY(check_life(order));
  TRY(check_name(order));
  if (shape.key) {
    TRY(check_key(order.key, "key"));
  } else if (!order.key.empty()) {
    return refuse("key does not belong to " + std::string(word(order.verb)));
  }
  if (shape.old_key) {
    TRY(check_key(order.old_key, "old_key"));
    if (order.old_key == order.key) return refuse("old_key and key are one key");
  } else if (!order.old_key.empty()) {
    return refuse("old_key does not belong to " + std::string(word(order.verb)));
  }
  // Whoever asks for a key or a group asks for themself.
  if (needs_voucher(order.verb) && order.by != order.name)
    return refuse("by is not the person whom it is about");
  TRY(check_groups(order, shape));
  return check_reason(order, shape);
}

Result<Order> unwrap(Envelope envelope) {
  if (envelope.type != kStatementType) return refuse("_type is not " + std::string(kStatementType));
  Change& change = envelope.predicate.change;
  if (envelope.predicate_type != type_of(change.verb))
    return refuse("predicateType is not " + std::string(type_of(change.verb)));
  const Digest digest = TRY(digest_of(change));
  if (envelope.subject.size() != 1 || envelope.subject[0].name != kChangeSubject ||
      envelope.subject[0].digest.sha256 != digest)
    return refuse("subject is not the change's digest");
  Predicate& p = envelope.predicate;
  Order order;
  order.id = std::move(p.order);
  order.audience = std::move(p.audience);
  order.by = std::move(p.by);
  order.issued = p.issued;
  order.expires = p.expires;
  order.verb = change.verb;
  order.name = std::move(change.name);
  order.key = std::move(change.key);
  order.old_key = std::move(change.old_key);
  order.groups = std::move(change.groups);
  order.reason = std::move(change.reason);
  return order;
}

}  // namespace

std::span<const std::string_view> words_of(OrderVerb) {
  static constexpr std::string_view words[] = {
      "add_key",       "rotate_key",     "join_group",     "remove_key",  "leave_group",
      "remove_person", "revoke_session", "revoke_request", "revoke_role", "revoke_person",
      "revoke_key",    "restore_role",   "restore_person", "freeze",      "thaw"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(OrderVerb{})) + 1);
  return words;
}

std::string_view word(OrderVerb verb) { return words_of(verb)[static_cast<std::size_t>(verb)]; }

Result<std::string> write_order(const Order& order) {
  TRY_DURING("order", check(order));
  Envelope envelope;
  envelope.type = kStatementType;
  envelope.predicate_type = type_of(order.verb);
  Change change{order.verb, order.name, order.key, order.old_key, order.groups, order.reason};
  const Digest digest = TRY_DURING("order", digest_of(change));
  envelope.subject.push_back({std::string(kChangeSubject), {digest}});
  envelope.predicate = {order.id, order.audience, order.by, order.issued, order.expires, std::move(change)};
  std::string bytes = TRY_DURING("order", to_canonical(to_object(envelope)));
  if (bytes.size() > kMaxOrderBytes) return refuse("order: longer than 24 KiB");
  return bytes;
}

Result<Order> read_order(std::string_view bytes) {
  if (bytes.size() > kMaxOrderBytes) return refuse("order: longer than 24 KiB");
  Envelope envelope = TRY(from_canonical<Envelope>(bytes, "order"));
  Order order = TRY_DURING("order", unwrap(std::move(envelope)));
  TRY_DURING("order", check(order));
  return order;
}

Result<> check_fresh(const Order& order, std::int64_t now) {
  if (now >= order.expires) return refuse("the order has expired", "give it again");
  if (order.issued > now + kClockSkew)
    return refuse("the order was issued in the future", "set the clock of whoever signs");
  return {};
}

Result<> check_order_signature(OrderVerb verb, std::string_view statement, const OrderSignature& signature) {
  const PublicKey key = TRY(parse_public_key(signature.key));
  const std::string message = pre_authentication_encoding(statement);
  return verify(signature.signature, key, namespace_of(verb), as_bytes(message));
}

Result<std::string> signing_key(std::string_view armored) {
  const SshSignature made = TRY(parse_armored(armored));
  return key_line(made.key);
}

}  // namespace pawl::receipt
