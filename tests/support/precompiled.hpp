// As supervisor/precompiled.hpp, for the unit tests.
#pragma once

#include <catch2/catch.hpp>

#include "supervisor/precompiled.hpp"
