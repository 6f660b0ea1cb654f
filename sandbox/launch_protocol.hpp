// What is said on a control socket of pawl-launch (SOCK_SEQPACKET, sandbox/base/channel.hpp). It has one
// client (`pawl run`, or the broker's spawner) on descriptor 3, and may have the broker's channel besides.
// Every message is a Command or a Report, one datagram each; descriptors ride along in the order given here.
//
// Life: client sends start (the plan, its descriptors), and may say prepare before, while it waits for the
// plan itself: what every plan of an ordinary user's session begins with is done then. pawl-launch answers
// launched or failed, to the client and, when it has one, to the broker; later ended. When the client closes,
// the sandbox is killed. When the broker closes, the sandbox goes on and the client is told broker_lost; it
// may hand over a new channel with adopt, and launched is said again there. The broker may send signal and
// kill, too.
//
// The person's terminal: before the client makes it raw it hands it over with guard, and says release once it
// has put it back itself. A client that dies in between leaves that to pawl-launch, which also outlives the
// sandbox for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/appeared.hpp"
#include "sandbox/base/bytes.hpp"
#include "sandbox/base/channel.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/terminal_guard.hpp"

namespace pawl::sandbox {

inline constexpr int kControlFd = 3;  // where pawl-launch finds its client

enum class CommandKind : std::uint8_t {
  start,   // plan; descriptors: those the plan indexes, then, if with_broker, the broker's channel
  signal,  // number: sent to the sandbox's pid 1, which forwards it to the command's process group
  kill,    // everything in the sandbox dies now
  adopt,   // one descriptor: a new broker channel
  // The client's alone:
  guard,     // person; one descriptor: the person's terminal, to be put back when the client dies
  release,   // it was put back
  put_back,  // now, for whoever had it died; released then
  prepare,   // before start: its plan will keep the launcher's identity and have a network of its own
};
constexpr CommandKind last_of(CommandKind) { return CommandKind::prepare; }

struct Command {
  CommandKind kind = CommandKind::start;
  Bytes plan;
  bool with_broker = false;
  std::uint32_t number = 0;
  Bytes modes;           // start: struct termios for the terminal that the plan asks for; empty: the kernel's
  TerminalSize size;     // start: its size; no rows: the kernel's
  TerminalState person;  // guard
  std::vector<std::string> variables;  // start: NAME=value of what the plan inherits

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.plan, self.with_broker, self.number, self.modes, self.size, self.person,
            self.variables);
  }
};

enum class ReportKind : std::uint8_t {
  launched,  // limits, limits_missing, until_logout; descriptors: pidfd of pid 1; to the client the pty
             // master when the plan has a terminal; to the broker the listeners, in the plan's order (to the
             // client when there is no broker)
  failed,    // step, errnum, remedy: nothing runs
  ended,     // status as of wait(2); timed_out when the wall time was reached; out_of_memory when the
             // memory limit was, with trail for people
  broker_lost,  // to the client only
  stopped,      // to the client only, once until it sends a signal: the command was stopped
};
constexpr ReportKind last_of(ReportKind) { return ReportKind::stopped; }

struct Report {
  ReportKind kind = ReportKind::launched;
  std::int32_t errnum = 0;
  std::string trail;
  std::string remedy;
  std::int32_t status = 0;
  bool timed_out = false;
  Appeared appeared;  // ended: to the client only
  bool out_of_memory = false;
  std::string limits;          // in force: "memory 4 GiB, processes 512"
  std::string limits_missing;  // "memory, cpus: why"; only where the plan wants best effort
  bool until_logout = false;   // the sandbox lives no longer than the person's own systemd

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.errnum, self.trail, self.remedy, self.status, self.timed_out, self.appeared,
            self.out_of_memory, self.limits, self.limits_missing, self.until_logout);
  }
};

}  // namespace pawl::sandbox
