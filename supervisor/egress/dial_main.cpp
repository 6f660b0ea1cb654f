// pawl-dial: one a broker. The host's network, no secret, no right to anything else: resolves names, refuses
// private ranges, connects, hands the sockets to pawld over descriptor 3. Reads pawld's messages and
// resolvers' answers.
#include <sys/prctl.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "supervisor/egress/dialer.hpp"

namespace {

constexpr int kControlFd = 3;

int complain(const std::string& what) {
  std::cerr << "pawl-dial: " << what << "\n";
  return 1;
}

int serve() {
  // SAFETY: no same-uid process may take this one over: its sockets lead to production.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return complain(pawl::failed("prctl").error().text());
  try {
    const auto ended = pawl::egress::serve_dialer(pawl::Channel(pawl::UniqueFd(kControlFd)), {});
    return ended ? 0 : complain(ended.error().text());
  } catch (const std::exception& bug) {
    return complain(std::string("internal error: ") + bug.what());
  }
}

}  // namespace

// Threads may still sit in the resolver: they must not run while static objects are destroyed.
int main() { ::_exit(serve()); }
