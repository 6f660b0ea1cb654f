// Asks systemd for a cgroup: a transient scope around the calling process, delegated to it. Runs in the
// launcher as the person, or as root before it changes identity; busctl speaks D-Bus, and of its answer only
// that it failed, and why, is read.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/cgroup_tree.hpp"

namespace pawl::sandbox {

// Whether the host's manager is systemd (sd_booted(3)).
bool systemd_manages();

// The caller is in the scope when this returns: the person's own systemd is asked, or for root the host's.
// Takes some milliseconds, at most seconds. `description` is what `systemctl status` shows.
Result<Cgroup> enter_scope(const std::string& description);

}  // namespace pawl::sandbox
