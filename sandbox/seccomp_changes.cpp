#include "sandbox/seccomp_changes.hpp"

#include <linux/userfaultfd.h>

#include <algorithm>
#include <optional>

#include "sandbox/seccomp_checks.hpp"

namespace pawl::sandbox {
namespace {

using namespace checks;
using enum Verdict;

// Faults of the kernel's own accesses would stall it at will.
constexpr Check user_faults_only = only_if({equals(0, UFFD_USER_MODE_ONLY, UFFD_USER_MODE_ONLY)});

// In no set; a role may ask for them.
constexpr Row kOnRequest[] = {
    // clang-format off
    {call("pidfd_getfd"),       allow,  always,             "descriptors of another process of the session that it may trace"},
    {call("process_madvise"),   allow,  always,             "advice about another process of the session"},
    {call("process_mrelease"),  allow,  always,             "memory of a process of the session that dies"},
    {call("move_pages"),        allow,  always,             "places memory of the session's processes"},
    {call("migrate_pages"),     allow,  always,             "places memory of the session's processes"},
    {call("name_to_handle_at"), allow,  always,             "names a file; open_by_handle_at stays refused"},
    {call("io_setup"),          allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("io_destroy"),        allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("io_getevents"),      allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("io_submit"),         allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("io_cancel"),         allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("io_pgetevents"),     allow,  always,             "asynchronous files; the host's number of them is shared"},
    {call("userfaultfd"),       allow,  &user_faults_only,  "faults of its own accesses, never of the kernel's"},
    {call("statmount"),         allow,  always,             "mounts of its own namespace"},
    {call("listmount"),         allow,  always,             "mounts of its own namespace"},
    // clang-format on
};

// Without these pawl-init cannot start the command, or end.
constexpr std::uint16_t kNeeded[] = {
    call("prctl"),           call("getpid"),      call("fcntl"),  call("rt_sigprocmask"), call("clone"),
    call("setpgid"),         call("ioctl"),       call("execve"), call("write"),          call("execveat"),
    call("rt_sigtimedwait"), call("close_range"), call("dup3"),   call("wait4"),          call("kill"),
    call("exit_group"),
};

std::optional<std::uint16_t> number_named(const std::string& name) {
  const auto known = std::ranges::find(kCalls, name, &Call::name);
  if (known == std::end(kCalls) || number_of(*known) < 0) return std::nullopt;
  return static_cast<std::uint16_t>(number_of(*known));
}

const Row* find_row(std::span<const Row> rows, std::uint16_t number) {
  const auto row = std::ranges::find(rows, number, &Row::number);
  return row != rows.end() ? &*row : nullptr;
}

const Row* allowing_row(std::uint16_t number) {
  for (const std::span<const Row> rows :
       {kStandardProfile.rows, kBuildProfile.rows, std::span<const Row>(kOnRequest)})
    if (const Row* const row = find_row(rows, number); row != nullptr && row->verdict == allow) return row;
  return nullptr;
}

}  // namespace

std::string complaint_about(const SyscallChange& change) {
  const auto number = number_named(change.call);
  if (!number) return "there is no system call of this name";
  if (!change.allowed)
    return std::ranges::find(kNeeded, *number) != std::end(kNeeded) ? "pawl's own pid 1 needs it" : "";
  if (allowing_row(*number) != nullptr) return "";
  const Row* const refused = find_row(kStandardProfile.rows, *number);
  return "no role can allow it: " +
         std::string(refused != nullptr ? refused->reason : "pawl does not judge it");
}

Row row_of(const SyscallChange& change) {
  const std::uint16_t number = number_named(change.call).value();
  return change.allowed ? *allowing_row(number) : Row{number, eperm, always, "the role denies it"};
}

}  // namespace pawl::sandbox
