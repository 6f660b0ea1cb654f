// The standard streams that are no terminals: what of them pawl run hands to the command, and what it relays.
// Runs in pawl; the bytes pass through unread.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "sandbox/plan.hpp"
#include "tools/pawl/pump.hpp"
#include "tools/pawl/signals.hpp"
#include "tools/pawl/standard_streams.hpp"

namespace pawl::run {

class StreamRelays {
 public:
  // The command's ends, in order, of the streams that the plan wants as descriptors. Output and errors that
  // go to one place share a pipe, so that they come there in the order in which they were written.
  Result<std::vector<UniqueFd>> prepare(const std::array<sandbox::Stdio, 3>& stdio);
  void watch(std::vector<pollfd>& watched) const;
  void advance(const std::vector<pollfd>& watched);
  // Only what comes from the command, until it ends or nothing comes for `patience`. Who reads it has as long
  // as they like: until then they are waited for, unless a signal ends that.
  void finish(std::chrono::milliseconds patience, const Signals& signals);

 private:
  struct Relay {
    enum class Direction : std::uint8_t { inward, outward } direction;
    UniqueFd owned;  // our end of the command's pipe
    Pump pump;
  };
  Pump::Moved move(const std::vector<pollfd>& watched);

  std::vector<std::unique_ptr<Relay>> relays_;
};

}  // namespace pawl::run
