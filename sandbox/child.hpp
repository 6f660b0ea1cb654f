// The only code between clone and exec: one ordered table of steps, without heap, exceptions or logging, on
// data that the launcher made before. It runs in the new namespaces, with all capabilities of U1 and none
// outside; nobody's bytes are read. The parent is suspended until the exec (CLONE_VFORK) and shares its
// memory (CLONE_VM).
#pragma once

#include <linux/filter.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sandbox/host_layer.hpp"
#include "sandbox/idmap.hpp"
#include "sandbox/landlock.hpp"
#include "sandbox/rlimits.hpp"

namespace pawl::sandbox {

inline constexpr int kHighDescriptor =
    64;                                  // the child's own descriptors lie above those that the command gets
inline constexpr int kTheTerminal = -1;  // in `descriptors`: the terminal that the child makes
inline constexpr char kTerminalTag = 'T';  // the message that carries the terminal's master

enum class TerminalUse : std::uint8_t { none, own };
// The kernel drops what pid 1 has no handler for, unless it is blocked: pawl-init is executed with everything
// blocked, so that a signal that comes before it waits for one is not lost. Other programs expect the usual.
enum class Signals : std::uint8_t { usual, kept };

// Everything points into memory of the launcher. Descriptors are above kHighDescriptor and CLOEXEC.
struct ChildPlan {
  int launcher_alive = -1;  // read end of a pipe whose other end only the launcher holds
  int launcher_end = -1;    // the child's copy of that other end
  int report = -1;          // SOCK_SEQPACKET: the terminal's master, or a StepFailure
  int cgroup = -1;          // cgroup.procs of the session's own; -1: it stays where the launcher is
  IdMaps id_maps;
  const char* oom_score = nullptr;
  const char* hostname = nullptr;
  std::size_t hostname_size = 0;
  const char* proc = nullptr;                // relative to the new root; nullptr: none
  std::span<const char* const> proc_masked;  // the same, files of it
  const char* terminals = nullptr;           // where devpts goes; nullptr: nowhere
  const char* multiplexer = nullptr;         // its ptmx, absolute
  Signals signals = Signals::usual;
  TerminalUse terminal = TerminalUse::none;
  const termios* modes = nullptr;    // of the terminal; nullptr: the kernel's
  winsize size{};                    // the same; no rows: the kernel's
  std::span<const int> descriptors;  // become 0, 1, 2, …
  std::span<const ResourceLimit> limits;
  const char* directory = nullptr;
  LandlockPlan landlock;
  sock_fprog filter{};
  int executable = -1;                      // executed by descriptor, or
  int executable_number = -1;               // the number that the filter lets be executed; -1: any
  std::span<const char* const> candidates;  // tried in turn as execvp(3) does
  char* const* arguments = nullptr;
  char* const* environment = nullptr;

  int slave = -1;  // the child's own: the terminal
};

struct StepFailure {
  std::uint32_t step = 0;
  std::int32_t errnum = 0;
};

// For clone(2); `plan` is a ChildPlan. Does not return.
int run_child(void* plan) noexcept;

std::size_t step_count() noexcept;
std::string_view step_name(std::size_t step) noexcept;
// What a person can do when the step fails: a text, or what host_remedies.hpp says of a layer. Both may be
// none.
std::string_view step_remedy(std::size_t step) noexcept;
std::optional<Layer> step_layer(std::size_t step) noexcept;

#ifdef PAWL_TIME_STEPS
void step_finished(std::size_t step) noexcept;  // defined by the benchmark
#endif

}  // namespace pawl::sandbox
