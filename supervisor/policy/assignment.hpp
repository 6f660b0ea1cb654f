// Can every demand be given a supply of its own? The one question behind "enough distinct persons for every
// group" and "whatever satisfies this rule satisfies that floor". Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace pawl::policy {

// Kuhn's augmenting paths. Which demands go without in a largest assignment of supplies to demands, each
// supply used once; empty: none does. `fits(supply, demand)`.
inline std::vector<std::size_t> unmet_demands(std::size_t supplies, std::size_t demands,
                                              const std::function<bool(std::size_t, std::size_t)>& fits) {
  std::vector<std::optional<std::size_t>> taken_by(supplies);
  std::vector<std::size_t> unmet;
  for (std::size_t demand = 0; demand < demands; ++demand) {
    std::vector<bool> seen(supplies, false);
    const std::function<bool(std::size_t)> find = [&](std::size_t wanting) {
      for (std::size_t supply = 0; supply < supplies; ++supply) {
        if (seen[supply] || !fits(supply, wanting)) continue;
        seen[supply] = true;
        if (taken_by[supply] && !find(*taken_by[supply])) continue;
        taken_by[supply] = wanting;
        return true;
      }
      return false;
    };
    if (!find(demand)) unmet.push_back(demand);
  }
  return unmet;
}

}  // namespace pawl::policy
