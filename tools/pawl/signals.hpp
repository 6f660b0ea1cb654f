// Signals as readable events: blocked, and taken from a signalfd. Runs in pawl.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::run {

class Signals {
 public:
  // Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT, SIGCHLD for good; ignores SIGPIPE,
  // and SIGTTOU so that the terminal's modes can be put back from the background.
  static Result<Signals> block();

  int fd() const { return descriptor_.get(); }
  std::optional<int> next() const;

 private:
  explicit Signals(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
  UniqueFd descriptor_;
};

// As Ctrl-Z does it: returns once this process goes on, or at once where there is no shell to go back to (an
// orphaned process group is never stopped) or a SIGCONT waits to be taken.
enum class Whom : std::uint8_t { self, group };
void stop(Whom whom);
// A SIGCONT waits to be taken.
bool told_to_continue();

}  // namespace pawl::run
