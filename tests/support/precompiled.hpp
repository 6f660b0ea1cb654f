// As supervisor/precompiled.hpp, for the unit tests.

#include <catch2/catch.hpp>

#include "supervisor/precompiled.hpp"
