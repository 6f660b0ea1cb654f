// How hard each asker presses: what rates and cooldowns need to remember of requests that came and were
// denied. A day of it at most, as no rule looks further back. Pure; the clock is passed in. Runs in the
// broker.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/approval/rule.hpp"

namespace pawl::approval {

// Times are Unix milliseconds by the broker's clock.
class Pressure {
 public:
  void add_request(const Request& request);
  // `request` was denied just now: by, reason and when stand in it.
  void add_denial(const Request& request);

  // Was the same document denied to the same asker, and is it too early to ask again? The longer of the two
  // cooldowns counts: of the rule when it was denied, and of now.
  Result<> check_cooldown(const Asker& asker, const Digest& document, const Rule& rule,
                          std::int64_t now) const;
  // Would one more request for this action be beyond one of the rule's rates?
  Result<> check_rates(const Asker& asker, const std::string& action, const Rule& rule,
                       std::int64_t now) const;

 private:
  struct Denial {
    std::int64_t time = 0;
    std::int64_t cooldown = 0;  // seconds
    std::string by;
    std::string reason;
  };

  void forget(std::int64_t now);

  std::map<std::pair<Asker, Digest>, Denial> denials_;                          // the latest of each
  std::map<std::pair<Asker, std::string>, std::deque<std::int64_t>> requests_;  // by action, when asked
  std::int64_t forgotten_ = 0;  // when it was last cleared of what is too old
};

}  // namespace pawl::approval
