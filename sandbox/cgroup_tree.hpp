// Where in the host's cgroup v2 tree this process is, and where it may make another cgroup (cgroups(7), the
// kernel's admin-guide/cgroup-v2). Runs in the launcher and the broker, with the caller's own rights; reads
// the kernel's files only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// Of /proc/self/cgroup: the path in the unified hierarchy ("0::/user.slice/…").
std::optional<std::string> unified_path(std::string_view proc_cgroup);

struct CgroupMount {
  std::string point;  // where it is mounted
  std::string root;   // the cgroup that its top shows
};
// Of /proc/self/mountinfo: the mount through which `path` can be reached.
std::optional<CgroupMount> cgroup_mount(std::string_view mountinfo, std::string_view path);

// systemd alone may change what its slices and units hold, except below a unit that was delegated; there is
// nothing below one that was not. (systemd's CGROUP_DELEGATION.md, "two key design rules".)
bool may_add_beside(std::string_view path);

// Whether it belongs to the systemd of a person, which ends all that it holds with their last logout unless
// it lingers (loginctl(1), enable-linger).
bool is_persons(std::string_view path);

// A directory of the tree.
struct Cgroup {
  UniqueFd directory;  // O_PATH
  std::string path;    // as the kernel names it, for messages
};

Result<> write_small(int directory, const char* file, std::string_view text);
bool has_word(std::string_view words, std::string_view word);

struct OwnCgroup {
  Cgroup cgroup;
  std::string point, relative;  // where it is reached: point + relative
};
Result<OwnCgroup> own_cgroup();

// The cgroup in which this process may make another beside its own. An error says why not; what to do is in
// host_remedies.hpp.
Result<Cgroup> place_beside(const OwnCgroup& own);

// For a service whose own cgroup was delegated to it (Delegate=yes): moves the calling process, the only one
// there, into a cgroup below it, so that others can be made beside. Does nothing where it was not delegated.
// Call before the first fork.
Result<> settle_below(const char* name);

}  // namespace pawl::sandbox
