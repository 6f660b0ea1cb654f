// Programs that take code as an argument: a value that somebody else chooses must never stand there. Pure.
#pragma once

#include <string_view>

namespace pawl::policy {

// `program` by its path or name, as /bin/sh; `option` the word before: -c.
bool runs_next_as_code(std::string_view program, std::string_view option);

}  // namespace pawl::policy
