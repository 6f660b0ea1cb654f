// pawl people list, allowed-signers: who counts, as the broker has it.
#include <boost/json/array.hpp>
#include <memory>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "tools/pawl/cli/orders.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using wire::Standing;

std::string_view word(Standing standing) {
  switch (standing) {
    case Standing::live:
      return "live";
    case Standing::proposed:
      return "proposed";
    case Standing::dropped:
      return "dropped";
    case Standing::revoked:
      return "revoked";
  }
  return "?";
}

std::string fingerprint_of(const std::string& line) {
  const auto credential = receipt::parse_credential(line);
  return credential ? receipt::fingerprint(credential->key) : line;
}

boost::json::value time_or_null(std::int64_t time) {
  return time != 0 ? boost::json::value(utc_time(time)) : boost::json::value(nullptr);
}

boost::json::object json_of(const wire::Holding& holding) {
  return {{"what", holding.what},
          {"standing", word(holding.standing)},
          {"voucher", holding.voucher},
          {"since", time_or_null(holding.since)}};
}

boost::json::object json_of(const wire::PersonShown& person) {
  boost::json::array uids, keys, groups;
  for (const std::uint32_t uid : person.uids) uids.emplace_back(uid);
  for (const wire::Holding& key : person.keys) {
    boost::json::object object = json_of(key);
    object["fingerprint"] = fingerprint_of(key.what);
    keys.emplace_back(std::move(object));
  }
  for (const wire::Holding& group : person.groups) groups.emplace_back(json_of(group));
  return {{"name", person.name},
          {"uids", std::move(uids)},
          {"keys", std::move(keys)},
          {"groups", std::move(groups)},
          {"revoked_by",
           person.revoked_by.empty() ? boost::json::value(nullptr) : boost::json::value(person.revoked_by)}};
}

boost::json::object json_of(const wire::WaitingShown& waits) {
  boost::json::object object{
      {"id", waits.id}, {"uid", waits.uid}, {"received", time_or_null(waits.received)}};
  const auto order = receipt::read_order(waits.statement);
  object["verb"] = order ? boost::json::value(receipt::word(order->verb)) : boost::json::value(nullptr);
  object["person"] = order ? boost::json::value(order->name) : boost::json::value(nullptr);
  object["statement"] = waits.statement;
  return object;
}

boost::json::array json_of(const std::vector<wire::BanShown>& bans) {
  boost::json::array array;
  for (const wire::BanShown& ban : bans)
    array.push_back(
        {{"name", ban.name}, {"by", ban.by}, {"reason", ban.reason}, {"since", time_or_null(ban.since)}});
  return array;
}

boost::json::object json_of(const wire::PeopleShown& shown, wire::Home home) {
  boost::json::array people, waiting;
  for (const wire::PersonShown& person : shown.people) people.emplace_back(json_of(person));
  for (const wire::WaitingShown& waits : shown.waiting) waiting.emplace_back(json_of(waits));
  return {{"decided_by", home == wire::Home::system ? "ledger" : "people.toml"},
          {"people", std::move(people)},
          {"waiting", std::move(waiting)},
          {"freezes", json_of(shown.freezes)},
          {"revoked_roles", json_of(shown.revoked_roles)},
          {"revoked_keys", json_of(shown.revoked_keys)}};
}

std::string vouched(const wire::Holding& holding) {
  if (holding.since == 0) return "";
  return (holding.voucher.empty() ? "the first person" : "by " + holding.voucher) + ", " +
         local_time(holding.since);
}

std::string ban_lines(const std::vector<wire::BanShown>& bans, const std::string& before,
                      const std::string& after) {
  std::string text;
  for (const wire::BanShown& ban : bans)
    text += (ban.name.empty() ? "everything" : before + receipt::visible(ban.name)) + after + " by " +
            receipt::visible(ban.by) + " since " + local_time(ban.since) +
            (ban.reason.empty() ? "" : ": " + receipt::visible(ban.reason)) + "\n";
  return text;
}

std::string text_of(const wire::PeopleShown& shown, wire::Home home) {
  std::vector<std::vector<std::string>> rows{{"PERSON", "KEY OR GROUP", "STANDING", "VOUCHED FOR"}};
  for (const wire::PersonShown& person : shown.people) {
    std::string name = person.name + (person.revoked_by.empty() ? "" : " (revoked)");
    if (person.keys.empty() && person.groups.empty()) rows.push_back({name, "", "", ""});
    for (const wire::Holding& key : person.keys)
      rows.push_back(
          {std::exchange(name, ""), fingerprint_of(key.what), std::string(word(key.standing)), vouched(key)});
    for (const wire::Holding& group : person.groups)
      rows.push_back(
          {std::exchange(name, ""), "@" + group.what, std::string(word(group.standing)), vouched(group)});
  }
  std::string text = table(rows);
  if (home == wire::Home::embedded)
    text +=
        "\npeople.toml alone decides here: this is one person's own broker, and whoever has their uid\n"
        "could write that file and use their key\n";
  text += ban_lines(shown.freezes, "the role ", " is frozen");
  text += ban_lines(shown.revoked_roles, "the role ", " is revoked");
  text += ban_lines(shown.revoked_keys, "the key ", " is revoked");
  for (const wire::WaitingShown& waits : shown.waiting) {
    const auto order = receipt::read_order(waits.statement);
    text += "\nwaits for a second person (pawl people confirm " + short_id(receipt::visible(waits.id)) +
            "), asked by uid " + std::to_string(waits.uid) + ":\n" +
            (order ? receipt::order_text(*order) : "  what it says cannot be read\n");
  }
  return text;
}

Outcome<ExitCode> list(bool json) {
  const tools::Greeted broker = TRY(reach_broker());
  const wire::PeopleShown shown = TRY(ask_people(broker.client));
  if (json)
    TRY(print_json(json_of(shown, broker.welcome.home)));
  else
    TRY(print(text_of(shown, broker.welcome.home)));
  return ExitCode::done;
}

Outcome<> print_signers(const std::string& person, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const auto key = receipt::parse_credential(line);
    if (!key) {
      print_error("pawl: a key of " + receipt::visible(person) + " is left out: " + key.error().text());
      continue;
    }
    TRY(print(TRY(receipt::allowed_signers_line(person, *key)) + "\n"));
  }
  return {};
}

struct SignersOptions {
  std::string config;
  std::vector<std::string> from;  // "@group", "person"; empty: everybody
};

// Somebody who may be written down, with the groups that count.
struct Candidate {
  std::string name;
  std::vector<std::string> groups;
  std::vector<std::string> keys;
};

bool named_by(const std::string& entry, const Candidate& candidate) {
  if (!entry.starts_with('@')) return entry == candidate.name;
  return std::ranges::find(candidate.groups, std::string_view(entry).substr(1)) != candidate.groups.end();
}

Outcome<ExitCode> print_wanted(const SignersOptions& options, const std::vector<Candidate>& candidates) {
  for (const std::string& entry : options.from)
    if (std::ranges::none_of(candidates,
                             [&](const Candidate& candidate) { return named_by(entry, candidate); }))
      return tools::trouble(ExitCode::failed, "nobody is named by " + receipt::visible(entry),
                            "see: pawl people list");
  for (const Candidate& candidate : candidates)
    if (options.from.empty() || std::ranges::any_of(options.from, [&](const std::string& entry) {
          return named_by(entry, candidate);
        }))
      TRY(print_signers(candidate.name, candidate.keys));
  return ExitCode::done;
}

Outcome<ExitCode> signers_of_file(const SignersOptions& options) {
  const policy::Policy policy = TRY(load_policy(TRY(find_home(options.config))));
  std::vector<Candidate> candidates;
  for (const policy::Person& person : policy.people)
    candidates.push_back({person.name, person.groups, person.keys});
  return print_wanted(options, candidates);
}

std::vector<std::string> live_of(const std::vector<wire::Holding>& holdings) {
  std::vector<std::string> live;
  for (const wire::Holding& holding : holdings)
    if (holding.standing == Standing::live) live.push_back(holding.what);
  return live;
}

Outcome<ExitCode> allowed_signers(const SignersOptions& options) {
  if (!options.config.empty()) return signers_of_file(options);
  const auto broker = reach_broker();
  if (!broker) {
    // Without a broker nobody can say what the ledger of the system's has enrolled.
    const bool embedded = TRY(wire::client_paths()).home == wire::Home::embedded;
    if (!embedded || broker.error().code != ExitCode::unreachable) return std::unexpected(broker.error());
    print_error("pawl: no broker runs: these are the keys of people.toml");
    return signers_of_file(options);
  }
  const auto log = TRY(broker->client.ask<wire::LogCheckpoint>(wire::GetCheckpoint{})).message;
  TRY(print(receipt::log_key_line(TRY_DURING("the log's key", receipt::LogKey::parse(log.key))) + "\n"));
  std::vector<Candidate> candidates;
  for (const wire::PersonShown& person : TRY(ask_people(broker->client)).people)
    if (person.revoked_by.empty())
      candidates.push_back({person.name, live_of(person.groups), live_of(person.keys)});
  return print_wanted(options, candidates);
}

}  // namespace

Action declare_people_list(Options& command) {
  auto json = std::make_shared<bool>(false);
  command.flag("--json", *json, "one JSON object");
  return [json] { return list(*json); };
}

Action declare_allowed_signers(Options& command) {
  auto options = std::make_shared<SignersOptions>();
  command.optional("--config", options->config,
                   "the keys of people.toml in this directory, whoever is enrolled");
  command.repeated("--from", options->from,
                   "only these people, as a rule names them: @sre, alice; may be repeated");
  return [options] { return allowed_signers(*options); };
}

}  // namespace pawl::cli
