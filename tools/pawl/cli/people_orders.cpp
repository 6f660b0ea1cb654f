// pawl people add, confirm, remove, rotate, join, leave: signed orders about who counts.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/orders.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using receipt::Order;
using receipt::OrderVerb;
using tools::trouble;

struct PeopleOptions {
  OrderOptions order;
  std::string id;
  std::string person;
  std::string group;
  std::string fingerprint;
  std::string old_key_file;
  std::vector<std::string> groups;
  bool yes = false;
};

constexpr std::size_t kMaxKeyFile = 16 * 1024;  // bytes of a .pub file

std::string fingerprint_of(const std::string& line) {
  const auto key = receipt::parse_public_key(line);
  return key ? receipt::fingerprint(*key) : std::string("unreadable");
}

// Of a private key file the public half stands beside it.
Outcome<std::string> public_line(const std::string& file) {
  const std::string path = file.ends_with(".pub") ? file : file + ".pub";
  std::string text = TRY_DURING("the public key", read_file(path, kMaxKeyFile));
  if (text.ends_with('\n')) text.pop_back();
  const auto key = TRY_DURING(path, receipt::parse_public_key(text));
  return receipt::key_line(key);
}

Outcome<std::string> default_key_file(const std::string& person) {
  return TRY(wire::embedded_paths()).configuration + "/keys/" + person;
}

Outcome<wire::PersonShown> find_person(const wire::PeopleShown& shown, const std::string& name) {
  const auto found = std::ranges::find(shown.people, name, &wire::PersonShown::name);
  if (found == shown.people.end())
    return trouble(ExitCode::refused, "nobody is named " + receipt::visible(name), "see: pawl people list");
  return *found;
}

std::vector<std::string> with_standing(const std::vector<wire::Holding>& holdings, wire::Standing standing) {
  std::vector<std::string> list;
  for (const wire::Holding& holding : holdings)
    if (holding.standing == standing) list.push_back(holding.what);
  return list;
}

// Who asks for something asks for themself: the broker takes the kernel's word for it.
Outcome<std::string> asking_person(const tools::Greeted& broker) {
  if (broker.welcome.home == wire::Home::embedded)
    return trouble(ExitCode::refused, "in an embedded home people.toml decides who counts",
                   "edit " + broker.welcome.configuration + "/people.toml");
  return ordering_person({}, broker);
}

Outcome<ExitCode> propose(const tools::Greeted& broker, const Order& order,
                          std::vector<std::string> signatures, bool json) {
  const std::string statement = TRY_DURING("the order", receipt::write_order(order));
  if (!json) TRY(print(receipt::order_text(order) + "\n"));
  return tell(
      TRY(broker.client.ask<wire::OrderGiven>(wire::GiveOrder{statement, std::move(signatures)})).message,
      json);
}

Outcome<ExitCode> add(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(asking_person(broker));
  const wire::PersonShown self = TRY(find_person(TRY(ask_people(broker.client)), person));
  std::string file = options.order.key_file;
  if (file.empty()) file = TRY(default_key_file(person));
  Order order = new_order(broker, person, OrderVerb::add_key);
  order.name = person;
  order.key = TRY(public_line(file));
  order.groups =
      options.groups.empty() ? with_standing(self.groups, wire::Standing::proposed) : options.groups;
  std::ranges::sort(order.groups);
  std::string signature = TRY(sign_order(order, person, file, {order.key}));
  return propose(broker, order, {std::move(signature)}, options.order.json);
}

Outcome<ExitCode> rotate(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(asking_person(broker));
  Order order = new_order(broker, person, OrderVerb::rotate_key);
  order.name = person;
  std::string old_file = options.old_key_file;
  if (old_file.empty()) old_file = TRY(default_key_file(person));
  order.key = TRY(public_line(options.order.key_file));
  order.old_key = TRY(public_line(old_file));
  std::vector<std::string> signatures;
  signatures.push_back(TRY(sign_order(order, person, options.order.key_file, {order.key})));
  signatures.push_back(TRY(sign_order(order, person, old_file, {order.old_key})));
  return propose(broker, order, std::move(signatures), options.order.json);
}

Outcome<ExitCode> join(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(asking_person(broker));
  Order order = new_order(broker, person, OrderVerb::join_group);
  order.name = person;
  order.groups = {options.group.starts_with('@') ? options.group.substr(1) : options.group};
  std::string signature = TRY(sign_order(order, person, options.order.key_file, broker.welcome.keys));
  return propose(broker, order, {std::move(signature)}, options.order.json);
}

Outcome<wire::WaitingShown> find_waiting(const wire::PeopleShown& shown, const std::string& prefix) {
  constexpr std::size_t kShortestPrefix = 8;
  const wire::WaitingShown* match = nullptr;
  for (const wire::WaitingShown& waits : shown.waiting) {
    if (prefix.size() < kShortestPrefix || !waits.id.starts_with(prefix)) continue;
    if (match != nullptr)
      return trouble(ExitCode::failed, "several orders begin with " + receipt::visible(prefix),
                     "give more digits");
    match = &waits;
  }
  if (match == nullptr)
    return trouble(ExitCode::failed, "no order " + receipt::visible(prefix) + " waits",
                   "see: pawl people list");
  return *match;
}

// The voucher signs what this program rendered from the statement's own bytes.
Outcome<ExitCode> confirm(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(ordering_person(options.order, broker));
  const wire::WaitingShown waits = TRY(find_waiting(TRY(ask_people(broker.client)), options.id));
  const Order order = TRY_DURING("what waits", receipt::read_order(waits.statement));
  if (order.id != waits.id || order.audience != broker.welcome.audience)
    return trouble(ExitCode::refused, "what waits is another order than the broker says");
  if (!options.yes && (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1))
    return trouble(ExitCode::failed, "nobody can be asked: standard input or output is not a terminal",
                   "run it on a terminal, or say --yes when you have seen it: pawl people list");
  std::string text = receipt::order_text(order);
  text += "  asked for by a process of uid " + std::to_string(waits.uid) + " at " +
          local_time(waits.received) + "\n\n";
  if (!options.order.json || !options.yes) TRY(print(text));
  if (!options.yes &&
      !means_yes(TRY(ask_person("Have you talked to them, and do you vouch for exactly this? [y/N] "))))
    return trouble(ExitCode::failed, "not confirmed; it goes on waiting");
  std::vector<std::string> enrolled;
  if (person == broker.welcome.person) enrolled = broker.welcome.keys;
  const std::string signature = TRY(sign_order(order, person, options.order.key_file, enrolled));
  return tell(TRY(broker.client.ask<wire::OrderGiven>(wire::ConfirmOrder{order.id, signature})).message,
              options.order.json);
}

Outcome<ExitCode> remove(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const bool whole = options.fingerprint.empty();
  Order order = new_order(broker, TRY(ordering_person(options.order, broker)),
                          whole ? OrderVerb::remove_person : OrderVerb::remove_key);
  order.name = options.person;
  order.reason = options.order.reason;
  if (!whole) {
    const wire::PersonShown person = TRY(find_person(TRY(ask_people(broker.client)), options.person));
    for (const wire::Holding& key : person.keys)
      if (fingerprint_of(key.what) == options.fingerprint) order.key = key.what;
    if (order.key.empty())
      return trouble(
          ExitCode::refused,
          receipt::visible(options.person) + " has no key " + receipt::visible(options.fingerprint),
          "see: pawl people list");
  }
  return give_order(broker, order, options.order);
}

Outcome<ExitCode> leave(const PeopleOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const std::string person = TRY(ordering_person(options.order, broker));
  Order order = new_order(broker, person, OrderVerb::leave_group);
  order.name = options.person.empty() ? person : options.person;
  order.groups = {options.group.starts_with('@') ? options.group.substr(1) : options.group};
  order.reason = options.order.reason;
  return give_order(broker, order, options.order);
}

}  // namespace

Action declare_people_add(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.optional("--key", options->order.key_file,
                   "the new key: a private key file, its .pub beside it, or a public one whose private half "
                   "ssh-agent holds (default: ~/.config/pawl/keys/PERSON)");
  command.repeated("--group", options->groups, "join this group, too (default: all that people.toml has)");
  command.flag("--json", options->order.json, "what came of it as one JSON object");
  return [options] { return add(*options); };
}

Action declare_people_confirm(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.required("ID", options->id, "the order, as pawl people list shows it");
  command.flag("--yes", options->yes, "do not ask; the whole is shown all the same");
  declare_order_options(command, options->order);
  return [options] { return confirm(*options); };
}

Action declare_people_remove(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.required("PERSON", options->person, "as people.toml names them");
  command.optional("--fingerprint", options->fingerprint, "this key alone, as pawl people list shows it");
  command.optional("-m,--message", options->order.reason, "why, at most 280 characters");
  declare_order_options(command, options->order);
  return [options] { return remove(*options); };
}

Action declare_people_rotate(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.required("--key", options->order.key_file, "the new key's file, as for add");
  command.optional("--old", options->old_key_file,
                   "the old key's file (default: ~/.config/pawl/keys/PERSON)");
  command.flag("--json", options->order.json, "what came of it as one JSON object");
  return [options] { return rotate(*options); };
}

Action declare_people_join(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.required("GROUP", options->group, "as people.toml names it");
  command.optional("--key", options->order.key_file, "sign with this enrolled key's file");
  command.flag("--json", options->order.json, "what came of it as one JSON object");
  return [options] { return join(*options); };
}

Action declare_people_leave(Options& command) {
  auto options = std::make_shared<PeopleOptions>();
  command.required("GROUP", options->group, "as people.toml names it");
  command.optional("--person", options->person, "another person (default: yourself)");
  command.optional("-m,--message", options->order.reason, "why, at most 280 characters");
  declare_order_options(command, options->order);
  return [options] { return leave(*options); };
}

}  // namespace pawl::cli
