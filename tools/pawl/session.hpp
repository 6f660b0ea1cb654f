// A session from opened to ended: the launcher is told what to build, then bytes, signals and reports are
// relayed until the command is gone. Runs in pawl; reads the launcher's reports; the command's bytes pass
// through unread.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/plan.hpp"
#include "tools/pawl/pump.hpp"
#include "tools/pawl/resumer.hpp"
#include "tools/pawl/signals.hpp"
#include "tools/pawl/standard_streams.hpp"
#include "tools/pawl/terminal.hpp"
#include "tools/trouble.hpp"

namespace pawl::run {

class Session {
 public:
  struct Parts {
    Bytes plan;
    std::array<sandbox::Stdio, 3> stdio{};  // as the plan has them
    std::vector<std::string> inherit;       // likewise: variables for the launcher
    UniqueFd workspace;
    UniqueFd home;
    UniqueFd changes;  // of an overlay workspace that keeps some, else empty
    Channel broker;    // for the launcher
    Resumer resumer;
  };
  // Starts pawl-launch and hands it everything.
  static tools::Outcome<std::unique_ptr<Session>> start(Parts parts);

  // Until the command has ended: its exit code, as shells tell it (128+N for a signal).
  tools::Outcome<int> run();
  // What the launcher told at the end; nothing before it.
  sandbox::Appeared appeared() const { return ended_ ? ended_->appeared : sandbox::Appeared{}; }

 private:
  // A standard stream that goes through us, with our end of the command's pipe.
  struct Relay {
    enum class Direction : std::uint8_t { inward, outward } direction;
    UniqueFd owned;
    Pump pump;
  };

  Session(Signals signals, Channel control, Resumer resumer)
      : signals_(std::move(signals)), control_(std::move(control)), resumer_(std::move(resumer)) {}

  Result<std::vector<UniqueFd>> prepare_streams(const std::array<sandbox::Stdio, 3>& stdio);
  Result<> send_start(const Parts& parts, const std::vector<UniqueFd>& streams);
  tools::Outcome<> turn();
  Pump::Moved pump(const std::vector<pollfd>& watched);
  std::vector<pollfd> watch() const;
  tools::Outcome<> take_report();
  tools::Outcome<> take_launched(Packet packet);
  void take_signals();
  void take_resumer(const std::vector<pollfd>& watched);
  void command(sandbox::CommandKind kind, std::uint32_t number = 0, std::span<const int> descriptors = {});
  void take_foreground();
  void resize();
  void drain();
  tools::Outcome<int> exit_code() const;

  Signals signals_;
  Channel control_;
  Resumer resumer_;
  std::optional<Terminal> terminal_;
  UniqueFd master_;  // the command's pty
  std::vector<std::unique_ptr<Relay>> relays_;
  std::unique_ptr<Pump> keyboard_;
  std::unique_ptr<Pump> screen_;
  std::optional<sandbox::Report> ended_;
};

}  // namespace pawl::run
