// pawl-launch, as pawl run speaks to it (sandbox/launch_protocol.hpp). Runs in pawl; reads the launcher's
// reports.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/launch_protocol.hpp"
#include "tools/trouble.hpp"

namespace pawl::run {

class Launcher {
 public:
  // For a person, who is not root, it makes ready what does not depend on the plan.
  static Result<Launcher> start();

  struct Told {
    sandbox::Report report;
    std::vector<UniqueFd> descriptors;
  };
  tools::Outcome<Told> hear() const;
  int fd() const { return control_.fd(); }

  Result<> build(const sandbox::Command& start, std::span<const int> descriptors) const;
  void signal(int number) const;
  void kill() const;
  void adopt(const Channel& broker) const;
  void guard(const sandbox::TerminalState& state, int terminal) const;
  void release() const;
  void put_back() const;

 private:
  explicit Launcher(Channel control) : control_(std::move(control)) {}
  void tell(const sandbox::Command& command, std::span<const int> descriptors = {}) const;

  Channel control_;
};

}  // namespace pawl::run
