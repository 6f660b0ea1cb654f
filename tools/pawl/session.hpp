// A session from opened to ended, or to detached: the launcher is told what to build, then bytes, signals and
// reports are relayed until the command is gone. Runs in pawl; reads the launcher's reports.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/plan.hpp"
#include "tools/pawl/holder.hpp"
#include "tools/pawl/launcher.hpp"
#include "tools/pawl/resumer.hpp"
#include "tools/pawl/seat.hpp"
#include "tools/pawl/session_folder.hpp"
#include "tools/pawl/signals.hpp"
#include "tools/pawl/stream_relays.hpp"
#include "tools/trouble.hpp"

namespace pawl::run {

// How pawl run's own part is over.
struct Ending {
  enum class How : std::uint8_t { ended, detached } how = How::ended;
  int exit_code = 0;          // the command's, as shells tell it (128+N for a signal); 0 when it was detached
  bool until_logout = false;  // a detached one: the person's own systemd ends it when that ends
};

class Session : public Seat::Behind {
 public:
  enum class Begin : std::uint8_t { attached, detached };
  struct Parts {
    std::string id;
    Bytes plan;
    std::array<sandbox::Stdio, 3> stdio{};  // as the plan has them
    std::vector<std::string> inherit;       // likewise: names of our variables
    Launcher launcher;                      // that nobody has told what to build
    UniqueFd workspace;
    UniqueFd home;
    UniqueFd changes;  // of an overlay workspace that keeps some, else empty
    Channel broker;    // for the launcher
    Resumer resumer;
    Begin begin = Begin::attached;
    DetachKeys detach_keys;
    SessionFolder* folder = nullptr;  // the caller's; if it is detached, closed by who holds it then
  };
  // Hands pawl-launch everything.
  static tools::Outcome<std::unique_ptr<Session>> start(Parts parts);

  // Until the command has ended or was detached; the terminal is put back then. A detached session goes on in
  // a process of its own, which does not return from here.
  tools::Outcome<Ending> run();
  // What the launcher told at the end; nothing before it.
  sandbox::Appeared appeared() const { return ended_ ? ended_->appeared : sandbox::Appeared{}; }

 private:
  Session(std::string id, Signals signals, Launcher launcher, Resumer resumer, Begin begin)
      : id_(std::move(id)),
        signals_(std::move(signals)),
        launcher_(std::move(launcher)),
        resumer_(std::move(resumer)),
        begin_(begin) {}

  Result<> send_start(const Parts& parts, const std::vector<UniqueFd>& streams);
  tools::Outcome<> relay();
  tools::Outcome<> turn();
  std::vector<pollfd> watch() const;
  int patience() const;
  tools::Outcome<> take_report();
  void tell_missing(const std::string& limits);
  tools::Outcome<> take_launched(std::vector<UniqueFd> descriptors);
  void take_signals();
  void take_signal(int number);
  void take_resumer(const std::vector<pollfd>& watched);
  void command_stopped();
  void detach();
  Result<> part(Door& door);
  [[noreturn]] void hold(Door door);
  tools::Outcome<int> exit_code() const;

  void guard(const sandbox::TerminalState& state, int terminal) override;
  void release() override;
  void resize(const winsize& size) override;

  std::string id_;
  Signals signals_;
  Launcher launcher_;
  Resumer resumer_;
  Begin begin_;
  SessionFolder* folder_ = nullptr;
  StreamRelays relays_;
  UniqueFd master_;  // the command's terminal
  std::unique_ptr<Seat> seat_;
  std::unique_ptr<Holder> holder_;
  std::optional<sandbox::Report> ended_;
  bool detached_ = false;
  bool until_logout_ = false;
};

}  // namespace pawl::run
