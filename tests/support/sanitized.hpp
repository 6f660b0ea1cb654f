// Whether the tests are built with a sanitizer. Its runtime is a shared library that makes calls and mappings
// of its own: a program under one of the service filters does not get past its start with it, and mlock(2)
// does nothing.
#pragma once

namespace pawl::testing {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace pawl::testing
