// What all verbs share that give a signed order: making it, signing it, handing it to the broker. Runs in
// pawl-cli, as the person; the key stays with ssh-keygen or ssh-agent.
#pragma once

#include <string>
#include <vector>

#include "supervisor/receipt/order.hpp"
#include "supervisor/wire/orders_messages.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/options.hpp"

namespace pawl::cli {

// Options that every order has.
struct OrderOptions {
  std::string key_file;
  std::string person;  // --as
  std::string reason;
  bool json = false;
};
void declare_order_options(Options& command, OrderOptions& options);

// All pieces.
tools::Outcome<wire::PeopleShown> ask_people(const wire::Client& client);
// "everything is frozen by bob: …", one line for each freeze; empty: nothing is frozen, or it cannot be told.
std::string freeze_notice(const wire::Client& client);

// In whose name: --as, else whom the broker has for this uid.
tools::Outcome<std::string> ordering_person(const OrderOptions& options, const tools::Greeted& broker);

// A fresh one, to be filled in with what it is about.
receipt::Order new_order(const tools::Greeted& broker, const std::string& person, receipt::OrderVerb verb);

// By --key, else a key of `person` that is found (signing.hpp); `enrolled`: the lines that may sign, empty
// where that is not known.
tools::Outcome<std::string> sign_order(const receipt::Order& order, const std::string& person,
                                       const std::string& key_file, const std::vector<std::string>& enrolled);

// Signs with one key, gives it, tells what came of it.
tools::Outcome<tools::ExitCode> give_order(const tools::Greeted& broker, const receipt::Order& order,
                                           const OrderOptions& options);
tools::Outcome<tools::ExitCode> tell(const wire::OrderGiven& given, bool json);

}  // namespace pawl::cli
