// At most so much in any minute. Pure; the clock is passed in.
#pragma once

#include <cstdint>

namespace pawl::broker {

class Rate {
 public:
  explicit Rate(std::uint64_t per_minute) : per_minute_(per_minute) {}

  // False when `amount` more would be too much in the minute that is running. `now`: boot clock, ms.
  bool admits(std::int64_t now, std::uint64_t amount = 1) {
    constexpr std::int64_t kMinute = 60'000;
    if (now - begun_ >= kMinute) {
      begun_ = now;
      used_ = 0;
    }
    if (amount > per_minute_ - used_) return false;
    used_ += amount;
    return true;
  }

 private:
  std::uint64_t per_minute_;
  std::int64_t begun_ = -60'000;
  std::uint64_t used_ = 0;
};

}  // namespace pawl::broker
