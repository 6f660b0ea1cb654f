#include "tools/pawl/launcher.hpp"

#include <unistd.h>

#include "sandbox/base/codec.hpp"
#include "tools/pawl/child_process.hpp"

namespace pawl::run {

using sandbox::Command;
using sandbox::CommandKind;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

Result<Launcher> Launcher::start() {
  auto [ours, theirs] = TRY(Channel::pair());
  TRY(start_launcher(theirs));
  Launcher launcher(std::move(ours));
  if (::geteuid() != 0) launcher.tell({.kind = CommandKind::prepare});
  return launcher;
}

Outcome<Launcher::Told> Launcher::hear() const {
  auto packet = TRY_DURING("hear from the launcher", control_.receive());
  if (!packet)
    return trouble(ExitCode::pawl_failed, "pawl-launch died, and the command with it",
                   "see the system's log; if it happens again, report it");
  auto report = TRY_DURING("hear from the launcher", codec::decode<sandbox::Report>(packet->bytes));
  return Told{std::move(report), std::move(packet->descriptors)};
}

Result<> Launcher::build(const Command& start, std::span<const int> descriptors) const {
  return control_.send(codec::encode(start), descriptors);
}

// A launcher that is gone is noticed by its channel, so a failed send needs no attention here.
void Launcher::tell(const Command& command, std::span<const int> descriptors) const {
  (void)control_.send(codec::encode(command), descriptors);
}

void Launcher::signal(int number) const {
  tell({.kind = CommandKind::signal, .number = static_cast<std::uint32_t>(number)});
}

void Launcher::kill() const { tell({.kind = CommandKind::kill}); }

void Launcher::adopt(const Channel& broker) const {
  const int descriptor = broker.fd();
  tell({.kind = CommandKind::adopt}, {&descriptor, 1});
}

void Launcher::guard(const sandbox::TerminalState& state, int terminal) const {
  tell({.kind = CommandKind::guard, .person = state}, {&terminal, 1});
}

void Launcher::release() const { tell({.kind = CommandKind::release}); }

void Launcher::put_back() const { tell({.kind = CommandKind::put_back}); }

}  // namespace pawl::run
