#include "supervisor/policy/read_rule.hpp"

#include <algorithm>
#include <set>

#include "supervisor/policy/read_lists.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kLargestQuorum = 100;
constexpr std::int64_t kMostRequests = 1000;
constexpr std::chrono::hours kLongestApproval{24};

bool names_somebody(std::string_view entry) {
  return valid_name(entry.starts_with('@') ? entry.substr(1) : entry);
}

// "@group" or "person".
bool take_name(TableReader& reader, std::string_view key, const std::string& entry,
               std::vector<std::string>& list) {
  if (!names_somebody(entry)) {
    reader.refuse(key, quoted(entry) + " names nobody", "\"@group\" or \"person\"");
  } else if (std::ranges::find(list, entry) != list.end()) {
    reader.refuse(key, quoted(entry) + " is there twice", "name it once");
  } else {
    list.push_back(entry);
    return true;
  }
  return false;
}

void read_group(const Node& node, const std::string& path, Rule& rule, Findings& findings) {
  TableReader reader(node, Table::rule_group, kApprovalsFile, path, findings);
  const auto group = reader.text("group", Need::required);
  const auto least = reader.integer("least", Need::optional, 1, kLargestQuorum);
  if (group && take_name(reader, "group", *group, rule.from) && least)
    rule.least.push_back({*group, static_cast<std::uint32_t>(*least)});
}

// Each entry is "@group", "person" or { group = "@group", least = 1 }.
void read_from(TableReader& reader, Rule& rule, Findings& findings) {
  const Node* list = reader.list("from", Need::required);
  if (list == nullptr) return;
  const std::size_t before = findings.problems.size();
  for (const Node& item : list->items) {
    if (item.kind == NodeKind::table) {
      read_group(item, reader.path("from"), rule, findings);
    } else if (item.kind == NodeKind::text) {
      take_name(reader, "from", item.text, rule.from);
    } else {
      findings.refuse(kApprovalsFile, item.place,
                      "'from' holds " + std::string(kind_in_words(item.kind)) +
                          "; each entry is a text, or a table with a group",
                      "\"@group\", \"person\" or { group = \"@group\", least = 1 }");
    }
  }
  if (rule.from.empty() && findings.problems.size() == before)
    reader.refuse("from", "nobody may approve under '" + rule.name + "'", "from = [\"@group\", \"person\"]");
}

void read_step(const Node& node, const std::string& path, Rule& rule, Findings& findings) {
  TableReader reader(node, Table::escalation, kApprovalsFile, path, findings);
  Escalation step;
  step.after = reader.duration("after", kLongestApproval).value_or(seconds{0});
  if (!reader.has("after"))
    reader.refuse("after", "'after' is missing in a step of " + path, "after = \"5m\"");
  std::vector<std::string> known = rule.from;
  for (const Escalation& earlier : rule.escalate)
    known.insert(known.end(), earlier.to.begin(), earlier.to.end());
  for (const std::string& entry : reader.texts("to", Need::required).value_or(std::vector<std::string>{})) {
    if (entry == "@self") {
      reader.refuse("to", "'@self' means nothing in 'to'", "name it in 'from'");
    } else if (std::ranges::find(known, entry) != known.end()) {
      reader.refuse("to", quoted(entry) + " may decide already", "an escalation adds somebody: name others");
    } else {
      take_name(reader, "to", entry, step.to);
    }
  }
  if (reader.has("to") && step.to.empty())
    reader.refuse("to", "a step of " + path + " adds nobody", "to = [\"@group\"]");
  rule.escalate.push_back(std::move(step));
}

void read_escalation(TableReader& reader, Rule& rule, Findings& findings) {
  for (const Node* node : reader.tables("escalate"))
    read_step(*node, reader.path("escalate"), rule, findings);
  if (!std::ranges::is_sorted(rule.escalate, std::ranges::less_equal{}, &Escalation::after))
    reader.refuse("escalate", "the steps of 'escalate' are not in the order of time",
                  "each step begins after the one before it");
  for (const Escalation& step : rule.escalate)
    if (step.after >= rule.expires)
      reader.refuse("escalate",
                    "a step begins after " + duration_in_words(step.after) + ", when the request has expired",
                    "let it begin before 'expires' (" + duration_in_words(rule.expires) + ")");
}

void read_rate(TableReader& reader, Rule& rule, Findings& findings) {
  const Node* node = reader.table("rate");
  if (node == nullptr) return;
  TableReader rate(*node, Table::rate, kApprovalsFile, reader.path("rate"), findings);
  const auto requests = rate.integer("requests", Need::required, 1, kMostRequests);
  const auto within = rate.duration("within", kLongestApproval);
  if (!rate.has("within"))
    rate.refuse("within", "'within' is missing in " + reader.path("rate"), "within = \"1h\"");
  if (requests && within) rule.rates.push_back({static_cast<std::uint32_t>(*requests), *within});
}

void read_key(TableReader& reader, Rule& rule) {
  const auto key = reader.text("require_key", Need::optional);
  if (!key) return;
  if (*key == "hardware")
    rule.key = KeyDemand::hardware;
  else
    reader.refuse("require_key", quoted(*key) + " is no kind of keys", "require_key = \"hardware\"");
}

void check_leasts(TableReader& reader, const Rule& rule) {
  std::uint32_t sum = 0;
  for (const Least& least : rule.least) sum += least.count;
  if (rule.quorum != 0 && sum > rule.quorum)
    reader.refuse("quorum",
                  "'" + rule.name + "' needs " + std::to_string(sum) +
                      " persons for its groups, but its quorum is " + std::to_string(rule.quorum),
                  "quorum = " + std::to_string(sum) + ": a decision counts for one group");
}

}  // namespace

Rule read_rule(const Entry& entry, Findings& findings) {
  TableReader reader(entry.value, Table::rule, kApprovalsFile, entry.key, findings);
  Rule rule{.name = entry.key};
  if (rule.name == "none")
    reader.refuse("none", "the name 'none' is taken: secrets.toml means \"no approval\" by it");
  rule.quorum =
      static_cast<std::uint32_t>(reader.integer("quorum", Need::required, 1, kLargestQuorum).value_or(0));
  read_from(reader, rule, findings);
  check_leasts(reader, rule);
  rule.expires = reader.duration("expires", kLongestApproval).value_or(rule.expires);
  read_escalation(reader, rule, findings);
  if (reader.boolean("allow_launcher").value_or(false)) rule.launcher = LauncherVote::counts;
  read_key(reader, rule);
  if (reader.boolean("emergency").value_or(false)) rule.emergency = Emergency::yes;
  rule.cooldown = reader.duration("cooldown", kLongestApproval).value_or(rule.cooldown);
  if (rule.cooldown < kLeastCooldown)
    reader.refuse("cooldown", "'cooldown' must be at least " + duration_in_words(kLeastCooldown),
                  "it is that long without the key");
  read_rate(reader, rule, findings);
  return rule;
}

}  // namespace pawl::policy
