// Approval rules (approvals.toml): how many of whom must say yes, and for how long that stands. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pawl::policy {

// Whether the person who launched the session counts as a reviewer of what it asks.
enum class LauncherVote : std::uint8_t { excluded, counts };

struct Rule {
  std::string name;
  std::uint32_t quorum = 0;       // distinct persons; at least 1 after checking
  std::vector<std::string> from;  // "@group", "person", "@self" (the launcher; embedded home only)
  std::chrono::seconds expires{15 * 60};
  LauncherVote launcher = LauncherVote::excluded;
};

}  // namespace pawl::policy
