// What is wrong in policy files, for the person who wrote them. Runs in pawld and in people's commands; the
// texts quote file contents and are for terminals only after pawl's own quoting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::policy {

enum class Severity : std::uint8_t {
  refusal,  // the policy is not used
  note,     // the policy is used; the author probably wants to know
};

struct Problem {
  std::string file;          // relative to the config directory: "roles/deployer.toml"
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string message;
  std::string remedy;  // may be empty
  Severity severity = Severity::refusal;

  // "roles/deployer.toml:12:3: unknown key 'aproval' (did you mean 'approval'?)"
  std::string text() const;
};

using Problems = std::vector<Problem>;  // ordered by file, line, column

// All of them on lines of their own, refusals before notes.
std::string text_of(const Problems& problems);
// As one Error, for callers that hand on a Result: the first refusal and how many more problems there are.
Error as_error(const Problems& problems);

}  // namespace pawl::policy
