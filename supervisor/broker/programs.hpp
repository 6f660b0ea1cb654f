// pawl's own programs on this machine: beside pawld (build tree), or in ../libexec/pawl of where it is
// installed.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"

namespace pawl::broker {

struct Programs {
  std::string launch;  // pawl-launch
  std::string egress;  // pawl-egress
  std::string dial;    // pawl-dial
  std::string agent;   // pawl-agent, bound into every session

  // Refuses when one is missing, by name.
  static Result<Programs> find();
};

}  // namespace pawl::broker
