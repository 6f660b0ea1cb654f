#include "supervisor/policy/read_lists.hpp"

#include <algorithm>
#include <map>

#include "supervisor/policy/read_rule.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

using List = std::vector<std::string>;

// Calls `read` with each [NAME] table of a file that is nothing but such tables.
template <class Read>
void for_each_table(const Node& root, const std::string& file, std::string_view what, Findings& findings,
                    Read read) {
  for (const Entry& entry : root.entries) {
    findings.places.record(file, entry.key, entry.place);
    if (!valid_name(entry.key)) {
      findings.refuse(file, entry.place, quoted(entry.key) + " is not a name", std::string(kNameForm));
    } else if (entry.value.kind != NodeKind::table) {
      findings.refuse(
          file, entry.place, quoted(entry.key) + " stands outside of any " + std::string(what),
          "each " + std::string(what) + " is a table of its own: [" + std::string(what) + "-name]");
    } else {
      read(entry);
    }
  }
}

Person read_person(const Entry& entry, Findings& findings) {
  TableReader reader(entry.value, Table::person, kPeopleFile, entry.key, findings);
  Person person{.name = entry.key};
  for (const std::uint32_t id : reader.ids("uids")) person.uids.push_back(id);
  for (const std::string& line : reader.texts("keys", Need::optional).value_or(List{})) {
    auto key = canonical_key(line);
    if (!key) {
      reader.refuse("keys", "a key of " + person.name + " is refused: " + key.error().trail,
                    key.error().remedy);
    } else {
      person.keys.push_back(*std::move(key));
    }
  }
  for (const std::string& group : reader.texts("groups", Need::optional).value_or(List{})) {
    if (!valid_name(group)) {
      reader.refuse("groups", quoted(group) + " is not a name",
                    std::string(kNameForm) + "; without '@' here");
    } else if (group == "self") {
      reader.refuse("groups", "the group name 'self' is taken: '@self' is the launcher");
    } else if (!person.in_group(group)) {
      person.groups.push_back(group);
    }
  }
  return person;
}

bool plain_file_name(std::string_view name) {
  return name.find('/') == std::string_view::npos && !name.starts_with('.') && !name.starts_with('-') &&
         name.size() <= 255;
}

void read_source(TableReader& reader, Secret& secret) {
  const auto file = reader.text("file", Need::optional);
  const auto credential = reader.text("credential", Need::optional);
  if (reader.has("file") == reader.has("credential")) {
    if (!reader.has("command"))
      reader.refuse("credential", "'" + secret.name + "' needs one source",
                    "either file = \"...\" or credential = \"...\"");
    return;
  }
  secret.source = file ? SecretSource::file : SecretSource::credential;
  secret.location = file ? *file : credential.value_or("");
  if (!plain_file_name(secret.location))
    reader.refuse(file ? "file" : "credential", quoted(secret.location) + " is not a plain file name",
                  "the file stands in the secrets/ folder beside this file");
}

void read_uses(TableReader& reader, Secret& secret) {
  for (const std::string& use : reader.texts("uses", Need::required).value_or(List{})) {
    const std::string_view text = use;
    if (text.starts_with("egress:")) {
      reader.refuse("uses", quoted(use) + " is not available in this version",
                    "\"action:NAME\", \"preview:NAME\" or \"llm:NAME\"");
    } else if ((text.starts_with("action:") && valid_name(text.substr(7))) ||
               (text.starts_with("preview:") && valid_name(text.substr(8))) ||
               (text.starts_with("llm:") &&
                (valid_name(text.substr(4)) || text.substr(4).starts_with("http")))) {
      secret.uses.push_back(use);
    } else {
      reader.refuse(
          "uses", quoted(use) + " is not a use",
          "\"action:NAME\", \"preview:NAME\", \"llm:VENDOR\", or \"llm:https://host\" for another upstream");
    }
  }
}

void read_floor(TableReader& reader, Secret& secret) {
  if (reader.is_table("require")) {
    reader.refuse("require", "'require' by method is not available in this version",
                  "name one rule, or \"none\"");
    return;
  }
  const auto floor = reader.name("require", Need::required);
  if (floor && *floor != "none") secret.require = *floor;
}

Secret read_secret_entry(const Entry& entry, Findings& findings) {
  TableReader reader(entry.value, Table::secret, kSecretsFile, entry.key, findings);
  Secret secret{.name = entry.key};
  read_source(reader, secret);
  for (const std::string& role : reader.texts("roles", Need::required).value_or(List{})) {
    if (valid_name(role)) {
      secret.roles.push_back(role);
    } else {
      reader.refuse("roles", quoted(role) + " is not the name of a role", std::string(kNameForm));
    }
  }
  read_uses(reader, secret);
  read_floor(reader, secret);
  return secret;
}

// ROLE = [people], and where `extra` is not empty also that word.
void read_people_by_role(const Node& node, const std::string& key, std::string_view extra, Findings& findings,
                         std::map<std::string, List>& lists) {
  for (const Entry& entry : node.entries) {
    findings.places.record(kSettingsFile, key + "." + entry.key, entry.place);
    const bool named = valid_name(entry.key) || (!extra.empty() && entry.key == extra);
    if (!named || entry.value.kind != NodeKind::list) {
      findings.refuse(kSettingsFile, entry.place,
                      key + ": " + quoted(entry.key) + " must be a role with a list",
                      "deployer = [\"@sre\", \"alice\"]");
      continue;
    }
    List& list = lists[entry.key];
    for (const Node& item : entry.value.items) {
      const std::string_view name = item.text;
      if (item.kind == NodeKind::text && name != "@self" &&
          valid_name(name.starts_with('@') ? name.substr(1) : name)) {
        list.emplace_back(name);
      } else {
        findings.refuse(kSettingsFile, item.place,
                        key + "." + entry.key + " holds something that names nobody",
                        "\"@group\" or \"person\"");
      }
    }
  }
}

// "@group" or "person", each once.
List read_names(TableReader& reader, std::string_view key) {
  List good;
  for (const std::string& entry : reader.texts(key, Need::required).value_or(List{})) {
    if (entry == "@self") {
      reader.refuse(key, "'@self' means nothing in '" + std::string(key) + "'");
    } else if (!valid_name(entry.starts_with('@') ? std::string_view(entry).substr(1)
                                                  : std::string_view(entry))) {
      reader.refuse(key, quoted(entry) + " names nobody", "\"@group\" or \"person\"");
    } else if (std::ranges::find(good, entry) == good.end()) {
      good.push_back(entry);
    }
  }
  return good;
}

void read_stewards(TableReader& reader, HomeKind home, Findings& findings, Settings& settings) {
  if (const Node* killers = reader.table("killers"))
    read_people_by_role(*killers, "killers", kEverything, findings, settings.killers);
  if (reader.has("enrollers")) settings.enrollers = read_names(reader, "enrollers");
  if (const auto first = reader.name("first", Need::optional)) settings.first = *first;
  if (home != HomeKind::embedded) return;
  for (const char* key : {"enrollers", "first"})
    if (reader.has(key))
      reader.refuse(key, "'" + std::string(key) + "' means nothing in an embedded home",
                    "people.toml decides there who counts");
}

bool loopback_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host != "127.0.0.1" && host != "[::1]") return false;
  return !port.empty() && port.size() <= 5 && port[0] != '0' &&
         port.find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoi(std::string(port)) <= 65535;
}

void read_notifier(const Node& node, Findings& findings, Settings& settings) {
  TableReader reader(node, Table::notify, kSettingsFile, "notify", findings);
  const auto command = reader.texts("command", Need::required);
  if (!command) return;
  if (command->empty() || !clean_absolute(command->front()) || command->front() == "/") {
    reader.refuse("command", "the notifier is not named by a clean absolute path",
                  "command = [\"/usr/bin/...\"]");
    return;
  }
  settings.notify_command = *command;
}

bool plain_user_name(std::string_view name) {
  return name != "root" && valid_name(name) && name.size() <= 32;
}

}  // namespace

std::vector<Rule> read_rules(const Node& root, Findings& findings) {
  std::vector<Rule> rules;
  for_each_table(root, kApprovalsFile, "rule", findings,
                 [&](const Entry& entry) { rules.push_back(read_rule(entry, findings)); });
  return rules;
}

std::vector<Person> read_people(const Node& root, Findings& findings) {
  std::vector<Person> people;
  for_each_table(root, kPeopleFile, "person", findings,
                 [&](const Entry& entry) { people.push_back(read_person(entry, findings)); });
  return people;
}

std::vector<Secret> read_secrets(const Node& root, Findings& findings) {
  std::vector<Secret> secrets;
  for_each_table(root, kSecretsFile, "secret", findings,
                 [&](const Entry& entry) { secrets.push_back(read_secret_entry(entry, findings)); });
  return secrets;
}

Settings read_settings(const Node& root, HomeKind home, Findings& findings) {
  TableReader reader(root, Table::settings, kSettingsFile, "", findings);
  Settings settings;
  settings.audience = reader.text("audience", Need::required).value_or("");
  if (!settings.audience.empty() && !valid_audience(settings.audience))
    reader.refuse("audience", quoted(settings.audience) + " is not a name for a broker",
                  std::string(kAudienceForm));
  if (const Node* launchers = reader.table("launchers"))
    read_people_by_role(*launchers, "launchers", {}, findings, settings.launchers);
  read_stewards(reader, home, findings, settings);
  if (const Node* notify = reader.table("notify")) read_notifier(*notify, findings, settings);
  for (const std::string& address : reader.texts("plain_http", Need::optional).value_or(List{})) {
    if (loopback_address(address)) {
      settings.plain_http.push_back(address);
    } else {
      reader.refuse("plain_http", quoted(address) + " is not a loopback address with a port",
                    "\"127.0.0.1:8080\": a credential never crosses a network in the clear");
    }
  }
  if (const auto user = reader.text("action_user", Need::optional)) {
    settings.action_user = *user;
    if (!plain_user_name(*user))
      reader.refuse("action_user", quoted(*user) + " is not a user for actions",
                    "an own system user, never root");
    if (home == HomeKind::embedded)
      reader.refuse("action_user", "'action_user' means nothing in an embedded home",
                    "actions run as the person");
  } else if (home == HomeKind::system) {
    settings.action_user = "pawl-action";
  }
  return settings;
}

}  // namespace pawl::policy
