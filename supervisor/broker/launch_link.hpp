// The broker's side of one pawl-launch, seen through its reports (sandbox/launch_protocol.hpp). Runs in
// pawld; the peer is pawl's own program, started by the spawner or (a session's) by the person: its frames
// are decoded strictly.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/plan.hpp"
#include "supervisor/broker/loop.hpp"

namespace pawl::broker {

class LaunchLink {
 public:
  // Called for every report; with nullptr once when the channel has closed. The link may be destroyed from
  // within.
  using Heard = std::function<void(const sandbox::Report*, std::vector<UniqueFd>)>;

  LaunchLink(Loop& loop, Channel channel, Heard heard);
  ~LaunchLink();

  // Only for one that the broker is the client of.
  Result<> start(Bytes plan, std::span<const int> descriptors) const;
  // Everything in the sandbox dies; its end is reported as usual.
  void kill() const;

 private:
  void read();

  Channel channel_;
  Heard heard_;
  std::unique_ptr<Loop::Handle> watch_;
};

}  // namespace pawl::broker
