// Where pawl's other programs are: beside the running one (build tree), or in ../libexec/pawl or ../../bin of
// it (installed).
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"

namespace pawl {

// Where the running program lies.
Result<std::string> program_folder();

// Absolute path of an executable. Found by /proc/self/exe, never by PATH: who controls that would choose the
// program.
Result<std::string> find_program(std::string_view name);

}  // namespace pawl
