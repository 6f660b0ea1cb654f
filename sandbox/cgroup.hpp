// The cgroup of one session: what all of its processes together may use of memory, CPU time and disk, and
// the certain way to end them. Made by the launcher with the rights it was started with, beside its own
// cgroup where that is delegated, else in a scope that systemd makes (cgroup_tree.hpp, cgroup_scope.hpp).
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/cgroup_tree.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

class SessionCgroup {
 public:
  SessionCgroup() = default;  // none
  SessionCgroup(SessionCgroup&&) = default;
  SessionCgroup& operator=(SessionCgroup&&) = default;
  ~SessionCgroup() { end(); }

  // An empty cgroup below `parent`, which must not go away before it. A process of its own removes it even
  // when this one is killed, or has no right to it any more by then.
  static Result<SessionCgroup> make(Cgroup parent);

  explicit operator bool() const { return static_cast<bool>(directory_); }
  int directory() const { return directory_.get(); }
  const std::string& above() const { return parent_.path; }
  // Open cgroup.procs: whoever writes "0" to it enters. Works whatever identity the writer has by then.
  int entry() const { return entry_.get(); }
  // Everything in it is killed, without waiting.
  void kill() const;
  // Its memory limit was reached and its processes were killed for it.
  bool out_of_memory() const;
  // Whatever is left in it is killed, and it is gone.
  void end();

 private:
  Cgroup parent_;
  std::string name_;
  UniqueFd directory_, entry_, kill_, memory_events_;
  UniqueFd lifeline_;  // its end starts the process that removes the cgroup
};

struct HeldLimits {
  SessionCgroup cgroup;
  LimitsReport report;
};
// Everything of the plan's limits that needs a cgroup. What cannot be had is a refusal, or reported, as the
// plan wants it. May move the calling process into a scope. Call while it has the identity that it was
// started with.
Result<HeldLimits> hold_limits(const LaunchPlan& plan);

}  // namespace pawl::sandbox
