// Every change to a file system that applying or discarding makes goes by here first, so that tests can make
// it fail or be the last thing that this process did. The shipped program always uses real_steps(). Runs in
// pawl-cli, as the person.
#pragma once

#include <string_view>

#include "sandbox/base/error.hpp"

namespace pawl::changes {

class Steps {
 public:
  virtual ~Steps() = default;
  // `what`: the system call that follows.
  virtual Result<> next(std::string_view what) = 0;
};

Steps& real_steps();  // lets everything happen

}  // namespace pawl::changes
