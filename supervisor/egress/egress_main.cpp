// pawl-egress: one a session. Empty root, own network namespace with nothing up, no right to open or connect:
// all it has is descriptor 3, the control channel to pawld, and what comes over it. Reads the agent's HTTP
// and upstreams' answers; holds a secret only while it forwards one request.
#include <sys/prctl.h>

#include <cstdlib>
#include <exception>
#include <iostream>

#include "supervisor/egress/session.hpp"

namespace {

constexpr int kControlFd = 3;

int complain(const std::string& what) {
  std::cerr << "pawl-egress: " << what << "\n";
  return 1;
}

}  // namespace

int main() {
  // SAFETY: no same-uid process may read the secrets out of this one's memory or core.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return complain(pawl::failed("prctl").error().text());
  // Certificates' times are UTC; with any other value glibc looks for a time zone file.
  ::setenv("TZ", ":", 1);
  try {
    const auto ended = pawl::egress::serve_session(pawl::Channel(pawl::UniqueFd(kControlFd)), {});
    return ended ? 0 : complain(ended.error().text());
  } catch (const std::exception& bug) {
    return complain(std::string("internal error: ") + bug.what());
  }
}
