#include "supervisor/policy/interpreters.hpp"

#include <algorithm>
#include <iterator>

namespace pawl::policy {

bool runs_next_as_code(std::string_view program, std::string_view option) {
  constexpr std::string_view interpreters[] = {"sh",   "bash", "dash", "zsh", "ksh",    "fish",    "env",
                                               "perl", "ruby", "node", "php", "python", "python3", "busybox"};
  constexpr std::string_view code_options[] = {"-c", "-e", "-E", "-r", "-S", "--eval", "-lc", "-ec", "-xc"};
  program.remove_prefix(program.rfind('/') + 1);  // npos + 1 is 0
  return std::ranges::find(interpreters, program) != std::end(interpreters) &&
         std::ranges::find(code_options, option) != std::end(code_options);
}

}  // namespace pawl::policy
