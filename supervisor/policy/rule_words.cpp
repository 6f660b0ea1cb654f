#include "supervisor/policy/rule_words.hpp"

#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

std::string joined(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text += (text.empty() ? "" : ", ") + entry;
  return text;
}

}  // namespace

std::string rule_in_words(const Rule& rule) {
  std::string text =
      std::to_string(rule.quorum) + (rule.quorum == 1 ? " person" : " persons") + " of " + joined(rule.from);
  for (const Least& least : rule.least)
    text += ", at least " + std::to_string(least.count) + " of " + least.from;
  text += rule.launcher == LauncherVote::counts ? ", the launcher counts" : ", never the launcher";
  text += ", within " + duration_in_words(rule.expires);
  for (const Escalation& step : rule.escalate)
    text += "; after " + duration_in_words(step.after) + " also of " + joined(step.to);
  if (rule.key == KeyDemand::hardware) text += "; with security keys only";
  if (rule.emergency == Emergency::yes)
    text += "; for emergencies: each approval needs a reason, and is marked";
  for (const RequestRate& rate : rule.rates)
    text +=
        "; at most " + std::to_string(rate.requests) + " requests within " + duration_in_words(rate.within);
  if (rule.cooldown != kLeastCooldown)
    text += "; after a denial not again for " + duration_in_words(rule.cooldown);
  return text;
}

}  // namespace pawl::policy
