#include "tools/pawl/cli/orders.hpp"

#include <unistd.h>

#include <boost/json/object.hpp>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/signing.hpp"

namespace pawl::cli {

using receipt::Order;
using receipt::OrderVerb;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

void declare_order_options(Options& command, OrderOptions& options) {
  command.optional("--key", options.key_file,
                   "sign with this key: a private key file, or a public one whose private half ssh-agent "
                   "holds (default: ~/.config/pawl/keys/PERSON, else an enrolled key in ssh-agent)");
  command.optional("--as", options.person,
                   "order as this person (default: whom people.toml has for your uid)");
  command.flag("--json", options.json, "what came of it as one JSON object");
}

Outcome<wire::PeopleShown> ask_people(const wire::Client& client) {
  wire::PeopleShown all;
  for (bool more = true; more;) {
    auto piece =
        TRY(client.ask<wire::PeopleShown>(wire::ListPeople{static_cast<std::uint32_t>(all.people.size()),
                                                           static_cast<std::uint32_t>(all.waiting.size())}))
            .message;
    more = piece.more;
    if (more && piece.people.empty() && piece.waiting.empty())
      return trouble(ExitCode::unreachable, "the broker's list of people has no end",
                     "client and broker differ in version; restart the broker");
    for (wire::PersonShown& person : piece.people) all.people.push_back(std::move(person));
    for (wire::WaitingShown& waits : piece.waiting) all.waiting.push_back(std::move(waits));
    all.freezes = std::move(piece.freezes);
    all.revoked_roles = std::move(piece.revoked_roles);
    all.revoked_keys = std::move(piece.revoked_keys);
  }
  return all;
}

std::string freeze_notice(const wire::Client& client) {
  const auto shown = client.ask<wire::PeopleShown>(wire::ListPeople{});
  if (!shown) return {};
  std::string text;
  for (const wire::BanShown& freeze : shown->message.freezes)
    text += (freeze.name.empty() ? "everything" : "the role " + receipt::visible(freeze.name)) +
            " is frozen by " + receipt::visible(freeze.by) + " since " + local_time(freeze.since) + ": " +
            receipt::visible(freeze.reason) + "\n";
  return text;
}

Outcome<std::string> ordering_person(const OrderOptions& options, const tools::Greeted& broker) {
  if (!options.person.empty()) return options.person;
  if (!broker.welcome.person.empty()) return broker.welcome.person;
  if (!broker.welcome.policy_problem.empty())
    return trouble(ExitCode::invalid_policy, broker.welcome.policy_problem,
                   "the operator repairs it: pawl policy check");
  return trouble(ExitCode::refused, "people.toml does not know uid " + std::to_string(::getuid()),
                 "ask the operator to add you, or say --as PERSON");
}

Order new_order(const tools::Greeted& broker, const std::string& person, OrderVerb verb) {
  Order order;
  order.id = random_id();
  order.audience = broker.welcome.audience;
  order.by = person;
  order.verb = verb;
  order.issued = now_milliseconds() / 1000;
  const bool enrolment = sort_of(verb) == receipt::OrderSort::enroll;
  order.expires = order.issued + (enrolment ? receipt::kLongestEnrolment : receipt::kLongestRevocation);
  return order;
}

Outcome<std::string> sign_order(const Order& order, const std::string& person, const std::string& key_file,
                                const std::vector<std::string>& enrolled) {
  const std::string statement = TRY_DURING("the order", receipt::write_order(order));
  Signer signer{person, key_file, enrolled, TRY(wire::embedded_paths()).configuration + "/keys"};
  return sign_in(signer, namespace_of(order.verb), statement);
}

Outcome<ExitCode> tell(const wire::OrderGiven& given, bool json) {
  if (json)
    TRY(print_json(boost::json::object{{"id", given.id}, {"waits", given.waits}, {"told", given.told}}));
  else
    TRY(print("order " + short_id(receipt::visible(given.id)) + ": " + receipt::visible(given.told) +
              (given.waits ? " (pawl people confirm " + short_id(receipt::visible(given.id)) + ")" : "") +
              "\n"));
  return ExitCode::done;
}

Outcome<ExitCode> give_order(const tools::Greeted& broker, const Order& order, const OrderOptions& options) {
  std::vector<std::string> enrolled;
  if (order.by == broker.welcome.person) enrolled = broker.welcome.keys;
  const std::string statement = TRY_DURING("the order", receipt::write_order(order));
  // Before it is signed: for which broker it is, above all.
  print_error(receipt::order_text(order));
  const std::string signature = TRY(sign_order(order, order.by, options.key_file, enrolled));
  return tell(TRY(broker.client.ask<wire::OrderGiven>(wire::GiveOrder{statement, {signature}})).message,
              options.json);
}

}  // namespace pawl::cli
