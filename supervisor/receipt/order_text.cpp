// What a person sees before they sign an order. One function, so that everybody sees the same.
#include "supervisor/receipt/order.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::receipt {
namespace {

// Both, because people compare fingerprints and files hold lines.
std::string key_text(const std::string& line) {
  const auto key = parse_public_key(line);
  return key ? fingerprint(*key) + "\n               " + visible(line) : visible(line);
}

std::string heading(const Order& order) {
  const std::string name = visible(order.name);
  switch (order.verb) {
    case OrderVerb::add_key:
      return "Let " + name + " sign with a key";
    case OrderVerb::rotate_key:
      return "Let " + name + " sign with a new key instead of an old one";
    case OrderVerb::join_group:
      return "Make " + name + " a member of a group";
    case OrderVerb::remove_key:
      return "Take a key away from " + name;
    case OrderVerb::leave_group:
      return "Take " + name + " out of a group";
    case OrderVerb::remove_person:
      return "Take all keys and groups away from " + name;
    case OrderVerb::revoke_session:
      return "End the session " + name + " and all that it asked for";
    case OrderVerb::revoke_request:
      return "Take the request " + name + " back, and stop it if it runs";
    case OrderVerb::revoke_role:
      return "Take the role " + name + " back: its sessions end, none opens, nothing of it acts";
    case OrderVerb::revoke_person:
      return "Take all authority from " + name + ": their sessions end, their signatures count no more";
    case OrderVerb::revoke_key:
      return "Revoke the key " + name + " for good";
    case OrderVerb::restore_role:
      return "Give the role " + name + " back";
    case OrderVerb::restore_person:
      return "Give " + name + " their authority back";
    case OrderVerb::freeze:
      return order.name.empty() ? "Freeze everything: nothing is asked for, nothing acts"
                                : "Freeze the role " + name + ": it asks for nothing, nothing of it acts";
    case OrderVerb::thaw:
      return order.name.empty() ? "End the freeze of everything" : "End the freeze of the role " + name;
  }
  return "?";
}

std::string duration_text(std::int64_t seconds) {
  return seconds % 3600 == 0 ? std::to_string(seconds / 3600) + " h" : std::to_string(seconds) + " s";
}

}  // namespace

std::string order_text(const Order& order) {
  std::string text = heading(order) + "\n";
  const auto line = [&](const char* label, const std::string& value) {
    text += "  " + std::string(label) + std::string(13 - std::string_view(label).size(), ' ') + value + "\n";
  };
  if (!order.key.empty()) line("key", key_text(order.key));
  if (!order.old_key.empty()) line("old key", key_text(order.old_key));
  for (const std::string& group : order.groups) line("group", "@" + visible(group));
  if (!order.reason.empty()) line("reason", visible(order.reason));
  line(needs_voucher(order.verb) ? "asked by" : "ordered by", visible(order.by));
  line("broker", visible(order.audience));
  line("order", order.id);
  line("stands for", duration_text(order.expires - order.issued) + " from when it was issued");
  return text;
}

}  // namespace pawl::receipt
