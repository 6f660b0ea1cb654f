// Notices a wall clock that was set back: by comparing it with the clock that counts from boot, and with the
// latest time in the ledger. Clocks are read by the caller. Runs in the broker.
#pragma once

#include <cstdint>

namespace pawl::approval {

struct Now {
  std::int64_t wall = 0;  // CLOCK_REALTIME, ms
  std::int64_t boot = 0;  // CLOCK_BOOTTIME, ms
};

inline constexpr std::int64_t kClockTolerance = 2000;  // ms: NTP corrects in smaller steps

enum class ClockLook : std::uint8_t { steady, went_back };

class ClockWatch {
 public:
  // `last_known`: the latest time on record before this start, Unix ms (Ledger::last_time()); 0 when none.
  explicit ClockWatch(std::int64_t last_known) : floor_(last_known) {}
  // Says went_back once for each time that the clock is found to have been set back.
  ClockLook look(Now now);

 private:
  std::int64_t floor_;       // the latest wall time known
  std::int64_t offset_ = 0;  // the highest wall - boot seen
  bool seen_ = false;
};

}  // namespace pawl::approval
