// Starts the broker's own helpers, each in a sandbox of its own: pawl-egress for sessions, pawl-dial once
// (again when the host's resolver configuration has changed). Runs in pawld.
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
#include "supervisor/broker/resolver_files.hpp"
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
  struct Dialer {
    std::uint32_t number = 0;
    std::vector<FileState> resolver;  // what it was shown
    Channel control;
    std::unique_ptr<LaunchLink> launch;
    std::unique_ptr<Loop::Handle> watch;
    std::map<std::uint32_t, Connected> dialing;
  };
  Result<> start_dialer();
  void retire_dialer();
  Dialer* find_dialer(std::uint32_t number);
  std::unique_ptr<Dialer> take_dialer(std::uint32_t number);
  void hear_dialer(std::uint32_t number);
  void dialer_lost(std::uint32_t number, const std::string& why);

  Loop& loop_;
  Spawner& spawner_;
  const Programs& programs_;
  OuterIdentity identity_;
  std::unique_ptr<Dialer> dialer_;
  std::vector<std::unique_ptr<Dialer>> retired_;  // with an older resolver configuration, until they are done
  std::uint32_t next_number_ = 1;
};

}  // namespace pawl::broker
