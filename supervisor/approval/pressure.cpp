#include "supervisor/approval/pressure.hpp"

#include <algorithm>

#include "supervisor/receipt/render.hpp"

namespace pawl::approval {
namespace {

constexpr std::int64_t kSecond = 1000;  // ms
constexpr std::int64_t kHour = 60 * 60 * kSecond;
constexpr std::int64_t kMemory = kLongestLimit * kSecond;

std::string seconds_until(std::int64_t time, std::int64_t now) {
  return std::to_string((time - now) / kSecond + 1) + " s";
}

}  // namespace

void Pressure::add_request(const Request& request) {
  forget(request.created);
  requests_[{request.asker(), request.action}].push_back(request.created);
}

void Pressure::add_denial(const Request& request) {
  denials_[{request.asker(), request.binding.document}] = {request.changed, request.rule.cooldown, request.by,
                                                           request.reason};
}

Result<> Pressure::check_cooldown(const Asker& asker, const Digest& document, const Rule& rule,
                                  std::int64_t now) const {
  const auto found = denials_.find({asker, document});
  if (found == denials_.end()) return {};
  const Denial& denial = found->second;
  const std::int64_t quiet_until = denial.time + std::max(denial.cooldown, rule.cooldown) * kSecond;
  if (now >= quiet_until) return {};
  return refuse("the same was denied by " + denial.by + " just now: " + receipt::visible(denial.reason),
                "try another way, or wait " + seconds_until(quiet_until, now));
}

Result<> Pressure::check_rates(const Asker& asker, const std::string& action, const Rule& rule,
                               std::int64_t now) const {
  const auto found = requests_.find({asker, action});
  if (found == requests_.end()) return {};
  const std::deque<std::int64_t>& asked = found->second;
  for (const RateLimit& rate : rule.rates) {
    if (asked.size() < rate.requests) continue;
    // The one that must be out of the way before another may come.
    const std::int64_t oldest = asked[asked.size() - rate.requests];
    const std::int64_t free_from = oldest + rate.within * kSecond;
    if (now < free_from)
      return refuse(std::to_string(rate.requests) + " requests for " + action + " within " +
                        std::to_string(rate.within) + " s are all that the rule " + rule.name + " allows",
                    "wait " + seconds_until(free_from, now));
  }
  return {};
}

// Once an hour: what is remembered stays in proportion to a day's requests.
void Pressure::forget(std::int64_t now) {
  if (now - forgotten_ < kHour) return;
  forgotten_ = now;
  std::erase_if(denials_, [&](const auto& entry) { return now - entry.second.time >= kMemory; });
  for (auto entry = requests_.begin(); entry != requests_.end();) {
    std::deque<std::int64_t>& asked = entry->second;
    while (!asked.empty() && now - asked.front() >= kMemory) asked.pop_front();
    entry = asked.empty() ? requests_.erase(entry) : std::next(entry);
  }
}

}  // namespace pawl::approval
