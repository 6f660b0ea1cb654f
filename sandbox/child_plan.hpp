// Turns a LaunchPlan into the plain data that the child reads: strings, argument lists, descriptors above
// those of the command, the compiled filter. All allocation for the child happens here. Runs in the launcher,
// before clone.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/child.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/pty.hpp"
#include "sandbox/seccomp_filter.hpp"

namespace pawl::sandbox {

// What the launcher has made ready besides the plan.
struct Readied {
  Identity identity;
  const UniqueFd& init;                         // the program of pid 1 when the plan wants a reaper
  int cgroup = -1;                              // the session's own: its cgroup.procs; -1: none
  std::span<const std::string> variables = {};  // NAME=value, of which the plan inherits some
};

class ChildData {
 public:
  static Result<ChildData> prepare(const LaunchPlan& plan, const Readied& readied,
                                   const std::vector<UniqueFd>& descriptors);
  // Of the terminal that the child makes, when the plan has one.
  void set_terminal(const NewTerminal& settings);

  // Valid while this object stays where it is.
  ChildPlan& plan() { return child_; }
  Channel& report() { return report_; }
  // Where pid 1 tells that the command was stopped; empty without an init.
  UniqueFd take_stops() { return std::move(stops_); }
  // The child has its copy: from here on only it can write reports.
  void close_childs_end() { child_report_.reset(); }

 private:
  ChildData() = default;

  Result<> prepare_reports();
  Result<> prepare_mounts(const LaunchPlan& plan);
  Result<> prepare_descriptors(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors);
  Result<> prepare_limits(const LaunchPlan& plan);
  Result<int> prepare_stops();
  Result<> prepare_command(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                           const Readied& readied);
  void prepare_candidates(const LaunchPlan& plan);
  Result<> prepare_landlock(const LaunchPlan& plan);
  Result<> prepare_filter(const LaunchPlan& plan);

  const char* keep(std::string text) { return texts_.emplace_back(std::move(text)).c_str(); }
  Result<int> keep_high(int descriptor);

  ChildPlan child_;
  int inner_executable_ = -1;      // what pawl-init executes by descriptor
  std::deque<std::string> texts_;  // a deque never moves what it holds
  std::vector<UniqueFd> held_;
  Channel report_;
  UniqueFd child_report_;
  UniqueFd stops_;
  std::optional<termios> modes_;
  UniqueFd lifeline_;  // its end tells the child that the launcher is gone
  std::vector<const char*> masked_;
  std::vector<int> numbers_;
  std::vector<ResourceLimit> limits_;
  std::vector<const char*> candidates_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
  std::vector<LandlockRule> rules_;
  FilterProgram filter_;
};

}  // namespace pawl::sandbox
