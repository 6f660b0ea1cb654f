// pawl revoke, restore, freeze, thaw: signed orders about what may act. They ask nothing back: whoever needs
// them is in a hurry.
#include <algorithm>
#include <memory>

#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/orders.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using receipt::OrderVerb;
using tools::trouble;

struct TakeBackOptions {
  OrderOptions order;
  std::string name;
};

constexpr std::size_t kShortestPrefix = 8;

// The one full id that begins so.
Outcome<std::string> complete(const std::string& prefix, std::vector<std::string> ids, const char* what) {
  if (receipt::is_full_id(prefix)) return prefix;
  std::erase_if(ids, [&](const std::string& id) { return !id.starts_with(prefix); });
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  if (prefix.size() < kShortestPrefix || ids.empty())
    return trouble(ExitCode::failed, "no " + std::string(what) + " " + receipt::visible(prefix),
                   "give at least 8 digits of its id");
  if (ids.size() > 1)
    return trouble(ExitCode::failed,
                   "several " + std::string(what) + "s begin with " + receipt::visible(prefix),
                   "give more digits");
  return ids.front();
}

Outcome<std::string> full_name(const tools::Greeted& broker, OrderVerb verb, const std::string& name) {
  std::vector<std::string> ids;
  if (verb == OrderVerb::revoke_session) {
    const auto sessions = TRY(broker.client.ask<wire::Sessions>(wire::ListSessions{true})).message;
    for (const wire::SessionInfo& info : sessions.list) ids.push_back(info.id);
    for (const wire::RequestInfo& info : TRY(list_requests(broker.client, false)))
      ids.push_back(info.session);
    return complete(name, std::move(ids), "session");
  }
  if (verb != OrderVerb::revoke_request) return name;
  for (const wire::RequestInfo& info : TRY(list_requests(broker.client, true))) ids.push_back(info.id);
  return complete(name, std::move(ids), "request");
}

Outcome<ExitCode> take_back(OrderVerb verb, const TakeBackOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(ordering_person(options.order, broker));
  receipt::Order order = new_order(broker, person, verb);
  order.name = TRY(full_name(broker, verb, options.name));
  order.reason = options.order.reason;
  return give_order(broker, order, options.order);
}

Action declare(Options& command, OrderVerb verb, const char* what, const char* help) {
  auto options = std::make_shared<TakeBackOptions>();
  command.required(what, options->name, help);
  command.optional("-m,--message", options->order.reason, "why, at most 280 characters");
  declare_order_options(command, options->order);
  return [verb, options] { return take_back(verb, *options); };
}

Action declare_for_role(Options& command, OrderVerb verb) {
  auto options = std::make_shared<TakeBackOptions>();
  command.optional("--role", options->name, "of this role alone (default: of everything)");
  command.required("-m,--message", options->order.reason, "why; people and agents are told");
  declare_order_options(command, options->order);
  return [verb, options] { return take_back(verb, *options); };
}

}  // namespace

Action declare_revoke_session(Options& command) {
  return declare(command, OrderVerb::revoke_session, "SESSION", "its id");
}
Action declare_revoke_request(Options& command) {
  return declare(command, OrderVerb::revoke_request, "ID", "the request");
}
Action declare_revoke_role(Options& command) {
  return declare(command, OrderVerb::revoke_role, "ROLE", "the role");
}
Action declare_revoke_person(Options& command) {
  return declare(command, OrderVerb::revoke_person, "PERSON", "as people.toml names them");
}
Action declare_revoke_key(Options& command) {
  return declare(command, OrderVerb::revoke_key, "FINGERPRINT", "SHA256:..., as pawl people list shows it");
}
Action declare_restore_role(Options& command) {
  return declare(command, OrderVerb::restore_role, "ROLE", "the role");
}
Action declare_restore_person(Options& command) {
  return declare(command, OrderVerb::restore_person, "PERSON", "as people.toml names them");
}
Action declare_freeze(Options& command) { return declare_for_role(command, OrderVerb::freeze); }
Action declare_thaw(Options& command) { return declare_for_role(command, OrderVerb::thaw); }

}  // namespace pawl::cli
