// The sandbox's own network namespace: loopback up, listeners that are handed out, nothing else. Runs in the
// launcher, inside that namespace, which U0 owns: the session cannot change it.
#pragma once

#include <cstdint>
#include <memory>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// A network namespace of U0's, which the kernel makes in as much time as all the rest of a launch's
// preparations: it is done beside them. The process has a second thread from begin() to enter().
class NewNetwork {
 public:
  // With loopback up, if the plan wants it.
  static Result<NewNetwork> begin(Network network);
  NewNetwork(NewNetwork&&) noexcept;
  NewNetwork& operator=(NewNetwork&&) noexcept;
  ~NewNetwork();

  // Moves the calling thread there; once.
  Result<> enter();

 private:
  struct Work;
  explicit NewNetwork(std::unique_ptr<Work> work);

  std::unique_ptr<Work> work_;
};

inline constexpr int kLoopbackIndex = 1;  // the first interface of every network namespace

// One rtnetlink(7) request.
Result<> bring_loopback_up();
// Every port can be bound from now on. A capability would not do: the session's are not of the user namespace
// that owns the network (ip(7), ip_unprivileged_port_start).
Result<> open_low_ports();
// On 127.0.0.1 (AF_INET) or ::1 (AF_INET6): SOCK_STREAM, which listens, or SOCK_DGRAM.
Result<UniqueFd> listen_on_loopback(int family, int type, std::uint16_t port);

}  // namespace pawl::sandbox
