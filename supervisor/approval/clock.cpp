#include "supervisor/approval/clock.hpp"

#include <algorithm>

namespace pawl::approval {

ClockLook ClockWatch::look(Now now) {
  const std::int64_t offset = now.wall - now.boot;
  const bool back = now.wall < floor_ - kClockTolerance || (seen_ && offset < offset_ - kClockTolerance);
  if (back) {
    // From here on the new time is the one to compare with.
    floor_ = now.wall;
    offset_ = offset;
  } else {
    floor_ = std::max(floor_, now.wall);
    offset_ = seen_ ? std::max(offset_, offset) : offset;
  }
  seen_ = true;
  return back ? ClockLook::went_back : ClockLook::steady;
}

}  // namespace pawl::approval
