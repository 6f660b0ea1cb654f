// Resolves, judges and connects for pawld: a bounded crew of threads, so that one slow resolver or host holds
// up nobody else. Runs in pawl-dial: host network, no secret; reads pawld's messages and resolvers' answers.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "supervisor/egress/address.hpp"

namespace pawl::egress {

// All addresses of a name, best first. May take as long as the system's resolver does.
using Resolve = std::function<Result<std::vector<Address>>(const std::string& name)>;
Result<std::vector<Address>> resolve_by_system(const std::string& name);  // getaddrinfo(3)

struct DialerSettings {
  Resolve resolve = resolve_by_system;
  std::size_t crew = 16;    // dials at a time
  std::size_t queue = 256;  // dials that wait; more are refused
  std::chrono::milliseconds whole =
      std::chrono::seconds(30);  // from pawld's ask, waiting and resolving included
  std::chrono::milliseconds attempt = std::chrono::seconds(8);  // one address
};

// Answers Dial with Dialed until pawld closes, which is success. The crew may still sit in the resolver then:
// it holds nothing of the caller's, and the process should end by _exit(2).
Result<> serve_dialer(Channel control, DialerSettings settings);

}  // namespace pawl::egress
