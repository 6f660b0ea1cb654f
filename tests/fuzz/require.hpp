// What a harness holds to be true of every input.
#pragma once

#include <cstdlib>

namespace pawl::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace pawl::fuzz
