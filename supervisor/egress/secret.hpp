// Secrets in memory, as the whole project keeps them (supervisor/scrub/secret.hpp).
#pragma once

#include "supervisor/scrub/secret.hpp"

namespace pawl::egress {

using scrub::Secret;
using scrub::wipe;

}  // namespace pawl::egress
