// Hazard 42: one edited line of a role, an approval rule, a secret, or of any other shipped file, and no
// floored secret is used without a receipt that meets its floor.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <set>

#include "supervisor/policy/assignment.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/starter.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Whole lines that an attacker, or a slip, may put in place of a line or beside it.
const Lines& hostile_lines() {
  static const Lines lines = {
      "quorum = 0",
      "quorum = 1",
      "quorum = 2",
      "allow_launcher = true",
      "allow_launcher = false",
      "from = []",
      "from = [\"@self\"]",
      "from = [\"alice\"]",
      "from = [\"@developers\"]",
      "from = [\"@sre\", \"@developers\"]",
      "from = [\"@sre\", \"mallory\"]",
      "from = [\"@owners\"]",
      "expires = \"24h\"",
      "from = [\"@sre\"]",
      "from = [\"alice\", \"bob\", \"carol\"]",
      "from = [\"@sre\", { group = \"@security\", least = 2 }]",
      "from = [{ group = \"@sre\", least = 1 }, { group = \"@oncall\", least = 1 }]",
      "from = [\"@incident\"]",
      "escalate = []",
      "escalate = [{ after = \"1s\", to = [\"@oncall\"] }]",
      "escalate = [{ after = \"1s\", to = [\"@developers\", \"mallory\"] }]",
      "escalate = [{ after = \"1s\", to = [\"@security\"] }]",
      "require_key = \"hardware\"",
      "require_key = \"any\"",
      "emergency = true",
      "emergency = false",
      "cooldown = \"1s\"",
      "cooldown = \"60s\"",
      "cooldown = \"24h\"",
      "rate = { requests = 1000, within = \"1s\" }",
      "rate = { requests = 1, within = \"24h\" }",
      "approval = \"incident\"",
      "require = \"incident\"",
      "[incident]",
      "require = \"none\"",
      "require = \"production\"",
      "require = \"production-floor\"",
      "require = \"solo\"",
      "roles = [\"coder\", \"deployer\", \"observer\"]",
      "roles = []",
      "uses = [\"action:deploy\", \"llm:anthropic\"]",
      "uses = [\"llm:anthropic\"]",
      "uses = [\"action:deploy\"]",
      "uses = [\"action:deploy\", \"llm:https://evil.example.com\"]",
      "file = \"deploy-prod.token\"",
      "credential = \"deploy-token\"",
      "file = \"anthropic.key\"",
      "credential = \"anthropic.key\"",
      "approval = \"none\"",
      "approval = \"solo\"",
      "approval = \"production-floor\"",
      "approval = \"production\"",
      "secret = \"deploy-prod\"",
      "secrets = { DEPLOY_TOKEN = \"anthropic\" }",
      "secrets = { DEPLOY_TOKEN = \"deploy-prod\", X = \"anthropic\" }",
      "upstream = \"https://evil.example.com\"",
      "upstream = \"http://127.0.0.1:8080\"",
      "api = \"openai\"",
      "name = \"coder\"",
      "name = \"deployer\"",
      "name = \"deploy\"",
      "name = \"anthropic\"",
      "workspace = \"direct\"",
      "workspace = \"overlay\"",
      "hide = []",
      "protect = []",
      "timeout = \"24h\"",
      "groups = [\"developers\", \"sre\"]",
      "groups = [\"sre\"]",
      "groups = []",
      "groups = [\"owners\"]",
      "groups = [\"developers\", \"sre\", \"security\", \"oncall\", \"incident\"]",
      "groups = [\"security\"]",
      "uids = [0]",
      "uids = [1000]",
      "uids = [1000, 1001]",
      "uids = []",
      "keys = []",
      "[production]",
      "[production-floor]",
      "[deploy-prod]",
      "[anthropic]",
      "[mallory]",
      "[alice]",
      "[bob]",
      "[[action]]",
      "[[llm]]",
      "deployer = [\"@developers\", \"@sre\"]",
      "plain_http = [\"127.0.0.1:8080\"]",
      "audience = \"x\"",
  };
  return lines;
}

// What is demanded for the value in one place (file or credential), as first shipped, for each uid that may
// launch.
struct Protected {
  std::string location;
  std::map<uid_t, ResolvedRule> by_launcher;
};

std::vector<Protected> protected_values(const Policy& policy) {
  std::vector<Protected> list;
  for (const Secret& secret : policy.secrets) {
    if (!secret.floored()) continue;
    Protected value{.location = secret.location};
    for (const Person& person : policy.people)
      for (const uid_t uid : person.uids)
        if (const auto rule = resolve_rule(policy, *policy.find_rule(secret.require), person.name))
          value.by_launcher.emplace(uid, *rule);
    list.push_back(std::move(value));
  }
  return list;
}

bool draws(const Policy& policy, const std::string& secret, const std::string& location) {
  const Secret* found = policy.find_secret(secret);
  return found != nullptr && found->location == location;
}

// People are told by their keys, which no mutation knows how to make: a renamed or split person is still who
// holds the key.
using Keys = std::set<std::string>;

Keys keys_of(const ResolvedRule& rule, const std::vector<std::string>& people) {
  Keys keys;
  for (const std::string& name : people) {
    const auto& held = rule.find(name)->keys;
    keys.insert(held.begin(), held.end());
  }
  return keys;
}

Keys keys_of(const ResolvedRule& rule) {
  Keys keys;
  for (const EligiblePerson& person : rule.people) keys.insert(person.keys.begin(), person.keys.end());
  return keys;
}

// When the holder of this key may first approve.
std::optional<std::chrono::seconds> opens_for_key(const ResolvedRule& rule, const std::string& key) {
  std::optional<std::chrono::seconds> earliest;
  for (const EligiblePerson& person : rule.people)
    if (std::ranges::find(person.keys, key) != person.keys.end())
      if (const auto opens = rule.opens_for(person.name); opens && (!earliest || *opens < *earliest))
        earliest = opens;
  return earliest;
}

// A place that the shipped rule keeps for a group can stay empty.
bool leaves_a_place(const ResolvedRule& now, const ResolvedRule& shipped) {
  std::vector<Keys> decisions, places;
  for (const ResolvedGroup& group : now.groups)
    decisions.insert(decisions.end(), group.least, keys_of(now, group.members));
  decisions.resize(std::max<std::size_t>(decisions.size(), now.quorum), keys_of(now));
  for (const ResolvedGroup& group : shipped.groups)
    places.insert(places.end(), group.least, keys_of(shipped, group.members));
  return !unmet_demands(decisions.size(), places.size(), [&](std::size_t decision, std::size_t place) {
            return std::ranges::includes(places[place], decisions[decision]);
          }).empty();
}

// How this use falls below what was shipped; "" when it does not.
std::string shortfall(const ResolvedRule& now, const ResolvedRule& shipped) {
  if (now.quorum < shipped.quorum) return "quorum";
  if (now.expires > shipped.expires) return "expiry";
  if (now.launcher == LauncherVote::counts && shipped.launcher == LauncherVote::excluded) return "launcher";
  if (now.key == KeyDemand::any && shipped.key == KeyDemand::hardware) return "keys";
  if (now.emergency == Emergency::no && shipped.emergency == Emergency::yes) return "reasons";
  if (now.cooldown < shipped.cooldown) return "cooldown";
  for (const RequestRate& wanted : shipped.rates)
    if (std::ranges::none_of(now.rates, [&](const RequestRate& rate) {
          return rate.requests <= wanted.requests && rate.within >= wanted.within;
        }))
      return "rate";
  if (leaves_a_place(now, shipped)) return "a group's place";
  for (const EligiblePerson& person : now.people)
    for (const std::string& key : person.keys) {
      const auto allowed = opens_for_key(shipped, key);
      if (!allowed) return "reviewer " + person.name;
      if (*opens_for_key(now, key) < *allowed) return "too early " + person.name;
    }
  return {};
}

std::string breach_by_action(const Policy& policy, const Role& role, const Action& action,
                             const Protected& value) {
  const auto drawn = [&](const SecretBinding& binding) {
    return draws(policy, binding.secret, value.location);
  };
  if (std::ranges::none_of(action.secrets, drawn)) return {};
  for (const auto& [uid, shipped] : value.by_launcher) {
    const Person* launcher = policy.find_person_by_uid(uid);
    if (launcher == nullptr) continue;  // unknown now: no receipt at all
    const auto rule = effective_rule(policy, role, action, launcher->name);
    const std::string how = rule ? shortfall(*rule, shipped) : std::string();
    if (!how.empty()) return "action " + action.name + " of " + role.name + ": " + how;
  }
  return {};
}

std::string breach(const Policy& policy, const Protected& value) {
  for (const Role& role : policy.roles) {
    for (const LlmRoute& route : role.llm) {
      if (draws(policy, route.secret, value.location)) return "route of " + role.name;
      // A value without a floor still goes to its vendor only.
      if (!route.secret.empty() && route.upstream != "https://api.anthropic.com")
        return "a key leaves for " + route.upstream;
    }
    for (const Action& action : role.actions)
      if (std::string how = breach_by_action(policy, role, action, value); !how.empty()) return how;
  }
  return {};
}

struct Tally {
  std::size_t refused = 0, accepted = 0;
  std::vector<std::string> breaches;
};

void try_mutation(const Home& home, std::vector<SourceFile> files, std::size_t index, const Lines& lines,
                  const std::string& what, const std::vector<Protected>& values, Tally& tally) {
  files[index].text = joined(lines);
  const auto policy = build(home, files);
  if (!policy) {
    ++tally.refused;
    return;
  }
  ++tally.accepted;
  for (const Protected& value : values)
    if (const std::string how = breach(*policy, value); !how.empty())
      tally.breaches.push_back(files[index].name + ": " + what + ": " + how);
}

Tally mutate(const Home& home, const std::vector<SourceFile>& files, std::string_view spared = {}) {
  const auto shipped = build(home, files);
  INFO((shipped ? "" : as_error(shipped.error()).text()));
  REQUIRE(shipped);
  const auto values = protected_values(*shipped);
  REQUIRE(values.size() == 1);
  Tally tally;
  for (std::size_t index = 0; index < files.size(); ++index) {
    if (files[index].name == spared) continue;
    const Lines lines = lines_of(files[index].text);
    for (std::size_t at = 0; at < lines.size(); ++at) {
      const auto apply = [&](const std::string& what, auto&& change) {
        Lines changed = lines;
        change(changed);
        try_mutation(home, files, index, changed, "line " + std::to_string(at + 1) + " " + what, values,
                     tally);
      };
      const auto here = static_cast<std::ptrdiff_t>(at);
      apply("deleted", [&](Lines& list) { list.erase(list.begin() + here); });
      apply("twice", [&](Lines& list) { list.insert(list.begin() + here, lines[at]); });
      if (at + 1 < lines.size()) apply("swapped", [&](Lines& list) { std::swap(list[at], list[at + 1]); });
      for (const std::string& line : hostile_lines()) {
        apply("→ " + line, [&](Lines& list) { list[at] = line; });
        apply("+ " + line, [&](Lines& list) { list.insert(list.begin() + here + 1, line); });
      }
    }
  }
  return tally;
}

std::string text_of(const Tally& tally) {
  std::string text;
  for (const std::string& line : tally.breaches) text += line + "\n";
  return text;
}

Person alice() { return {.name = "alice", .uids = {1000}, .keys = {std::string(test::kAliceKey)}}; }

TEST_CASE("no single edited line of the system files lets a floored secret be used below its floor",
          "[pure]") {
  const Tally tally = mutate({.kind = HomeKind::system, .config = "/etc/pawl"}, system_example());
  CHECK(text_of(tally) == "");
  CHECK(tally.refused > 5000);  // most slips are refused when read
  CHECK(tally.accepted > 300);  // and what is not refused was really judged
}

TEST_CASE("no single edited line of the embedded files lets a floored secret be used below its floor",
          "[pure]") {
  const auto files = embedded_starter(alice(), "alice@laptop");
  REQUIRE(files);
  const Tally tally = mutate({.kind = HomeKind::embedded, .config = "/home/alice/.config/pawl"}, *files);
  CHECK(text_of(tally) == "");
  CHECK(tally.refused > 4000);
  CHECK(tally.accepted > 150);
}

// Who is in a group is told by people.toml alone; there a floor that names groups is as weak as that file.
TEST_CASE(
    "no single edited line but of people.toml reaches below a floor with groups, steps, keys and limits",
    "[pure]") {
  auto files = system_example();
  for (SourceFile& file : files) {
    if (file.name != "approvals.toml") continue;
    const std::string by_name = "from = [\"alice\", \"bob\", \"carol\"]";
    const auto at = file.text.find(by_name);
    REQUIRE(at != std::string::npos);
    file.text.replace(at, by_name.size(),
                      "from = [\"@sre\", { group = \"@security\", least = 1 }]\n"
                      "escalate = [{ after = \"4m\", to = [\"@oncall\"] }]");
    // Both want security keys.
    for (const std::string heading : {"[production]\n", "[production-floor]\n"})
      file.text.replace(file.text.find(heading), heading.size(), heading + "require_key = \"hardware\"\n");
  }
  const Tally tally = mutate({.kind = HomeKind::system, .config = "/etc/pawl"}, files, "people.toml");
  CHECK(text_of(tally) == "");
  CHECK(tally.refused > 5000);
  CHECK(tally.accepted > 300);
}

TEST_CASE("the same mutations do reach a secret whose floor is the action's own rule", "[pure]") {
  auto files = system_example();
  for (SourceFile& file : files) {
    const auto at = file.text.find("require = \"production-floor\"");
    if (at != std::string::npos) file.text.replace(at, 28, "require = \"production\"");
  }
  const Tally tally = mutate({.kind = HomeKind::system, .config = "/etc/pawl"}, files);
  // (With a quorum of 1 for two persons' places the file is refused.)
  for (const std::string how : {"expires = \"24h\": action deploy of deployer: expiry",
                                "from = [\"@sre\"]: action deploy of deployer: a group's place",
                                "cooldown = \"60s\": action deploy of deployer: cooldown",
                                "within = \"1s\" }: action deploy of deployer: rate"})
    CHECK_THAT(text_of(tally), Catch::Contains(how));
}

}  // namespace
}  // namespace pawl::policy
