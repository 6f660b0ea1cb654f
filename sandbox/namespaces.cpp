#include "sandbox/namespaces.hpp"

#include <sched.h>

#include "sandbox/host_remedies.hpp"
#include "sandbox/idmap.hpp"

namespace pawl::sandbox {

Result<> enter_outer_namespaces(const Identity& identity) {
  const IdMaps maps = single_id_maps(identity);
  // SAFETY: everything shared becomes a slave in the copy, because its user namespace differs: nothing
  // mounted here reaches the host.
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return explained(Layer::user_namespace, Result<>(failed("make user namespace")));
  if (const int errnum = write_id_maps(maps); errnum != 0)
    return explained(Layer::id_maps, Result<>(failed("map ids of the outer user namespace", errnum)));
  return {};
}

}  // namespace pawl::sandbox
