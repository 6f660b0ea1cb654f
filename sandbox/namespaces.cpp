#include "sandbox/namespaces.hpp"

#include <sched.h>

#include "sandbox/host_remedies.hpp"
#include "sandbox/idmap.hpp"

namespace pawl::sandbox {
Result<> enter_outer_namespaces(const Identity& identity, Network network) {
  const IdMaps maps = single_id_maps(identity);
  const int namespaces = CLONE_NEWUSER | CLONE_NEWNS | (network == Network::host ? 0 : CLONE_NEWNET);
  // SAFETY: everything shared becomes a slave in the copy, because its user namespace differs: nothing
  // mounted here reaches the host.
  if (::unshare(namespaces) != 0)
    return explained(Layer::user_namespace, Result<>(failed("make user namespace")));
  if (const int errnum = write_id_maps(maps); errnum != 0)
    return explained(Layer::id_maps, Result<>(failed("map ids of the outer user namespace", errnum)));
  return {};
}

}  // namespace pawl::sandbox
