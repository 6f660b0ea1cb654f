// What became of a plan's limits on this host, in words for people and the ledger. Pure data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// What a limit needs: a controller of cgroup v2 (cgroups(7)).
enum class Controller : std::uint8_t { memory, cpu, io };
std::string_view name_of(Controller controller);  // the kernel's: "memory"
std::string_view key_of(Controller controller);   // the policy's: "cpus"

std::vector<Controller> controllers_for(const Limits& limits);

// "4 GiB", "2.5": a limit as the policy writes it.
std::string size_text(std::uint64_t bytes);
std::string hundredths_text(std::uint32_t hundredths);

struct LimitsReport {
  std::string in_force;       // "memory 4 GiB, cpus 2, processes 512"; "" when there are none
  std::string not_enforced;   // "memory, cpus: why (what to do)"; "" when all are in force
  bool until_logout = false;  // the person's own systemd holds them, which may end with their last login
};
// `missing`: which of controllers_for() could not be had, and why.
LimitsReport report_limits(const Limits& limits, const std::vector<Controller>& missing, const Error& why);

}  // namespace pawl::sandbox
