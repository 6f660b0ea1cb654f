// The policy files of the home that this person's commands talk to, read as the broker reads them. Runs as
// the person.
#pragma once

#include <expected>
#include <string>

#include "supervisor/policy/policy.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

// `directory` empty: the configuration directory of client_paths(). A directory of the caller's own choice is
// taken as an embedded home, /etc/pawl always as the system's.
tools::Outcome<policy::Home> find_home(const std::string& directory);

// One line each, on stderr.
void print_problems(const policy::Problems& problems);

// Problems are printed, and a trouble with exit code 5.
tools::Outcome<policy::Policy> load_policy(const policy::Home& home);

}  // namespace pawl::cli
