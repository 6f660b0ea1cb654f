// pawl-probe: makes one layer of a sandbox for real, in a process of its own, and then attacks it. Runs as
// the person; started as root it first becomes the user that sandboxes would run as, except for layers that
// are made before that. Reads nobody's bytes; writes only below the scratch folder that it is given.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/host_layer.hpp"
#include "sandbox/identity.hpp"

namespace pawl::probe {

// What every probe may use.
struct Ground {
  sandbox::Identity identity;  // of this process, from which sandboxes would be made
  std::string place;  // a folder of the person: scratch, or for some layers the one that is asked about
};

// Success: it was enforced, and the attack failed. An error with an errno: the host refused it. One without:
// see got_through() and nothing_to_hold().
using Probe = Result<> (*)(const Ground& ground);

// The attack succeeded: worse than a missing layer.
std::unexpected<Error> got_through(const std::string& what);
// This host has nothing that the layer would have to hold; success without an attack.
std::unexpected<Error> nothing_to_hold(const std::string& why);

// Success, or an error that blames another layer, which this one needs.
Result<> needing(sandbox::Layer other, Result<> result);

enum class As : std::uint8_t { session, person };
struct Entry {
  sandbox::Layer layer;
  As as;
  Probe probe;
};
// nullptr: that layer is not tried here.
const Entry* entry_of(sandbox::Layer layer);

// One each, in the file of its kind.
Result<> try_user_namespace(const Ground&);
Result<> try_nested_user_namespace(const Ground&);
Result<> try_id_maps(const Ground&);
Result<> try_new_root(const Ground&);
Result<> try_read_only_bind(const Ground&);
Result<> try_pid_namespace(const Ground&);
Result<> try_private_proc(const Ground&);
Result<> try_network_namespace(const Ground&);
Result<> try_redirect(const Ground&);
Result<> try_ipc_namespace(const Ground&);
Result<> try_uts_namespace(const Ground&);
Result<> try_cgroup_namespace(const Ground&);
Result<> try_overlay(const Ground&);
Result<> try_no_new_privileges(const Ground&);
Result<> try_seccomp(const Ground&);
Result<> try_foreign_abi(const Ground&);
Result<> try_landlock(const Ground&);
Result<> try_landlock_scopes(const Ground&);
Result<> try_keyring(const Ground&);
Result<> try_close_range(const Ground&);
Result<> try_pidfd(const Ground&);
Result<> try_terminal(const Ground&);
Result<> try_limits(const Ground&);
Result<> try_state_directory(const Ground&);
Result<> try_socket_directory(const Ground&);

}  // namespace pawl::probe
