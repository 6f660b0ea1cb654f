// What poll(2) found among the descriptors that a loop watches. Runs in pawl.
#pragma once

#include <poll.h>

#include <algorithm>
#include <vector>

namespace pawl::run {

inline bool ready(const std::vector<pollfd>& watched, int descriptor, short events) {
  return descriptor >= 0 && std::ranges::any_of(watched, [=](const pollfd& entry) {
           return entry.fd == descriptor && (entry.events & events) != 0 && entry.revents != 0;
         });
}

inline bool readable(const std::vector<pollfd>& watched, int descriptor) {
  return ready(watched, descriptor, POLLIN);
}

}  // namespace pawl::run
