#include "sandbox/seccomp_grants.hpp"

#include <algorithm>

namespace pawl::sandbox {
namespace {

constexpr Grant kGrants[] = {
    {call("ptrace"), "each process of the session reads and steers every other one"},
    {call("process_vm_readv"), "each process of the session reads every other one's memory"},
    {call("process_vm_writev"), "each process of the session writes every other one's memory"},
    {call("kcmp"), "compares kernel objects of the session's processes"},
    {call("pidfd_getfd"), "each process of the session takes every other one's descriptors"},
    {call("process_madvise"), "slows other processes of the session down"},
    {call("mbind"), "chooses memory nodes of the host"},
    {call("set_mempolicy"), "chooses memory nodes of the host"},
    {call("set_mempolicy_home_node"), "chooses memory nodes of the host"},
    {call("migrate_pages"), "moves memory between nodes of the host"},
    {call("move_pages"), "moves memory between nodes of the host, and tells where it lies"},
    {call("modify_ldt"), "old descriptor tables have been a way into the kernel"},
    {call("name_to_handle_at"), "tells how the host numbers its files"},
};

// Without these no program starts, ends or returns from a signal.
constexpr std::uint16_t kNeeded[] = {call("execve"),     call("execveat"), call("exit"),   call("exit_group"),
                                     call("rt_sigreturn"), call("mmap"),     call("read"),   call("write"),
                                     call("close"),      call("brk"),      call("openat"), call("wait4"),
                                     call("rt_sigaction"), call("rt_sigprocmask"), call("vfork"),
                                     call("rt_sigtimedwait"), call("kill"), call("close_range"), call("setsid"),
                                     call("fcntl"), call("prctl"), call("ioctl")};

std::optional<std::uint16_t> number_of_call(std::string_view name) {
  for (const Call& known : kCalls)
    if (known.name == name && number_of(known) >= 0) return static_cast<std::uint16_t>(number_of(known));
  return std::nullopt;
}

}  // namespace

std::span<const Grant> grants() { return kGrants; }

const Grant* find_grant(std::string_view name) {
  const auto number = number_of_call(name);
  const auto found = std::ranges::find_if(kGrants, [&](const Grant& grant) { return number == grant.number; });
  return found != std::end(kGrants) ? &*found : nullptr;
}

Result<std::vector<std::uint16_t>> granted_calls(std::span<const std::string> names) {
  std::vector<std::uint16_t> numbers;
  for (const std::string& name : names) {
    const Grant* grant = find_grant(name);
    if (grant == nullptr)
      return refuse("the system call " + name + (number_of_call(name) ? " is never granted" : " is not known"),
                    "remove it");
    numbers.push_back(grant->number);
  }
  return numbers;
}

Result<std::vector<std::uint16_t>> denied_calls(std::span<const std::string> names) {
  std::vector<std::uint16_t> numbers;
  for (const std::string& name : names) {
    const auto number = number_of_call(name);
    if (!number) return refuse("the system call " + name + " is not known", "remove it");
    if (std::ranges::find(kNeeded, *number) != std::end(kNeeded))
      return refuse("without the system call " + name + " nothing can run", "remove it");
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace pawl::sandbox
