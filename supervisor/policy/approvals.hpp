// Approval rules (approvals.toml): how many of whom must say yes, and for how long that stands. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pawl::policy {

// Whether the person who launched the session counts as a reviewer of what it asks.
enum class LauncherVote : std::uint8_t { excluded, counts };

// Which keys of a person count.
enum class KeyDemand : std::uint8_t { any, hardware };

// Whether it is a rule for emergencies: each approval needs a reason, and its use is marked everywhere.
enum class Emergency : std::uint8_t { no, yes };

// So many of the quorum must decide as members of one entry of `from`.
struct Least {
  std::string from;
  std::uint32_t count = 0;
};

// From `after` on, counted from when it was asked, these may decide too. Nothing else changes with it.
struct Escalation {
  std::chrono::seconds after{0};
  std::vector<std::string> to;  // "@group", "person"
};

// At most so many requests of one asker for one action within that time.
struct RequestRate {
  std::uint32_t requests = 0;
  std::chrono::seconds within{0};
};

// How long who was denied may not ask for the same again; a rule can make it longer, not shorter.
inline constexpr std::chrono::seconds kLeastCooldown{60};

struct Rule {
  std::string name;
  std::uint32_t quorum = 0;       // distinct persons; at least 1 after checking
  std::vector<std::string> from;  // "@group", "person", "@self" (the launcher; embedded home only)
  std::chrono::seconds expires{15 * 60};
  LauncherVote launcher = LauncherVote::excluded;
  std::vector<Least> least;          // of entries of `from`
  std::vector<Escalation> escalate;  // in the order of time
  KeyDemand key = KeyDemand::any;
  Emergency emergency = Emergency::no;
  std::chrono::seconds cooldown = kLeastCooldown;
  std::vector<RequestRate> rates;  // one at most in a file

  std::uint32_t least_of(const std::string& entry) const {
    for (const Least& least_entry : least)
      if (least_entry.from == entry) return least_entry.count;
    return 0;
  }
};

}  // namespace pawl::policy
