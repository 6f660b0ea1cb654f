// Starts the broker's own helpers, each in a sandbox of its own: pawl-egress for sessions, pawl-dial once.
// Runs in pawld.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sandbox/base/channel.hpp"
#include "sandbox/plan.hpp"
#include "supervisor/broker/launch_link.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/broker/programs.hpp"
#include "supervisor/broker/spawner.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::broker {

struct OuterIdentity {
  std::uint32_t uid = sandbox::kNone, gid = sandbox::kNone;  // kNone: the broker's own
};

class Services {
 public:
  struct Started {
    Channel control;
    std::unique_ptr<LaunchLink> launch;
  };
  using Connected = std::function<void(wire::Dialed, UniqueFd)>;

  Services(Loop& loop, Spawner& spawner, const Programs& programs, OuterIdentity identity)
      : loop_(loop), spawner_(spawner), programs_(programs), identity_(identity) {}

  // `ended` is called once, when the process is gone.
  Result<Started> start_egress(std::function<void(std::string why)> ended);
  // Certificates of the host's trust store (PEM), for pawl-egress.
  Result<UniqueFd> trust_store() const;
  // Calls back once, also when the dialer dies meanwhile.
  void dial(wire::Dial ask, Connected connected);

 private:
  Result<Started> start(const std::string& program, sandbox::LaunchPlan plan,
                        std::function<void(std::string)> ended);
  Result<> start_dialer();
  void hear_dialer();
  void dialer_lost(const std::string& why);

  Loop& loop_;
  Spawner& spawner_;
  const Programs& programs_;
  OuterIdentity identity_;
  Channel dialer_;
  std::unique_ptr<LaunchLink> dialer_launch_;
  std::unique_ptr<Loop::Handle> dialer_watch_;
  std::map<std::uint32_t, Connected> dialing_;
  std::uint32_t next_number_ = 1;
};

}  // namespace pawl::broker
