// The only place where faults exist: a disk that fails, or a process that ends, at a chosen step of an apply.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tools/pawl/changes/steps.hpp"

namespace pawl::test {

inline constexpr int kKilled = 77;

class FaultySteps final : public changes::Steps {
 public:
  enum class Fault : std::uint8_t { none, kill, error, error_from_here } fault = Fault::none;
  std::uint64_t at = 0;
  std::uint64_t steps = 0;
  int errnum = ENOSPC;
  std::string only;  // the system call that fails; empty: any

  Result<> next(std::string_view what) override {
    if (!only.empty() && what != only) return {};
    const std::uint64_t step = steps++;
    if (fault == Fault::none || step < at) return {};
    if (fault == Fault::kill && step == at) ::_exit(kKilled);
    if (fault == Fault::error_from_here || (fault == Fault::error && step == at))
      return failed("fault at " + std::string(what), errnum);
    return {};
  }
};

// In a process of its own, which ends at the step. Whether it came that far.
inline bool dies_at(std::uint64_t step, const std::function<void(changes::Steps&)>& work,
                    const std::string& only = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    FaultySteps steps;
    steps.fault = FaultySteps::Fault::kill;
    steps.at = step;
    steps.only = only;
    work(steps);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) == kKilled;
}

}  // namespace pawl::test
