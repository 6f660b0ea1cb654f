// Bounds of one session's egress. Tests shorten the times.
#pragma once

#include <chrono>
#include <cstddef>

namespace pawl::egress {

struct Limits {
  std::chrono::milliseconds setup = std::chrono::seconds(30);    // until EgressSetup came
  std::chrono::milliseconds head = std::chrono::seconds(30);     // for a whole request head, once it began
  std::chrono::milliseconds connect = std::chrono::seconds(40);  // verdict, dial (30 s by itself) and TLS
  std::chrono::milliseconds idle = std::chrono::minutes(10);     // without any byte: models think long
  std::size_t connections = 256;                                 // of the agent, at a time
};

}  // namespace pawl::egress
