#include <string>

#include "sandbox/limits.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

using namespace sandbox;

std::string_view word(MountKind kind) {
  switch (kind) {
    case MountKind::directory:
      return "directory";
    case MountKind::file:
      return "file";
    case MountKind::symlink:
      return "symlink";
    case MountKind::read_only:
      return "read-only";
    case MountKind::writable:
      return "writable";
    case MountKind::tmpfs:
      return "tmpfs";
    case MountKind::proc:
      return "proc";
    case MountKind::devices:
      return "devices";
    case MountKind::overlay:
      return "overlay";
  }
  return "?";
}

std::string_view word(ApartKind kind) {
  switch (kind) {
    case ApartKind::whole:
      return "whole";
    case ApartKind::holder:
      return "holder";
    case ApartKind::name:
      return "name";
  }
  return "?";
}

std::string_view word(Network network) {
  switch (network) {
    case Network::loopback:
      return "loopback";
    case Network::captured:
      return "captured";
    case Network::none:
      return "none";
    case Network::host:
      return "host";
  }
  return "?";
}

std::string_view word(SyscallProfile profile) {
  switch (profile) {
    case SyscallProfile::standard:
      return "standard";
    case SyscallProfile::service:
      return "service";
    case SyscallProfile::dialer:
      return "dialer";
    case SyscallProfile::minimal:
      return "minimal";
    case SyscallProfile::build:
      return "build";
  }
  return "?";
}

std::string line(const sandbox::Limits& limits) {
  std::string text = "limits";
  if (limits.memory != 0) text += " memory " + size_text(limits.memory);
  if (limits.processes != 0) text += " processes " + std::to_string(limits.processes);
  if (limits.cpus != 0) text += " cpus " + hundredths_text(limits.cpus);
  if (limits.io_weight != 0) text += " io " + std::to_string(limits.io_weight);
  return text + (limits.enforcement == Enforcement::best_effort ? " best effort\n" : "\n");
}

std::string number(std::uint32_t value) { return value == kNone ? "-" : std::to_string(value); }

std::string octal(std::uint32_t mode) {
  std::string digits;
  for (; mode != 0; mode /= 8) digits.insert(digits.begin(), static_cast<char>('0' + mode % 8));
  return "0" + digits;
}

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += " " + quoted(item);
  return text;
}

std::string line(const Mount& mount) {
  std::string text = "mount " + std::string(word(mount.kind)) + " " + quoted(mount.target);
  if (mount.descriptor != kNone) text += " from descriptor " + number(mount.descriptor);
  if (!mount.source.empty()) text += " from " + quoted(mount.source);
  if (mount.kind == MountKind::tmpfs) text += " size " + size_text(mount.size);
  if (mount.kind == MountKind::tmpfs || mount.kind == MountKind::file) text += " mode " + octal(mount.mode);
  if (mount.presence == Presence::if_present) text += " if present";
  if (is_bind(mount.kind) && mount.origin == Origin::named) text += " held apart, without links";
  if (mount.kind == MountKind::overlay)
    text += mount.changes == kNone ? " read-only" : " changes to descriptor " + number(mount.changes);
  text += "\n";
  for (const std::string& pattern : mount.hide)
    text += "hide " + quoted(mount.target) + " " + quoted(pattern) + "\n";
  return text;
}

std::string line(const StdioEntry& entry) {
  switch (entry.kind) {
    case Stdio::null:
      return " null";
    case Stdio::terminal:
      return " terminal";
    case Stdio::descriptor:
      return " descriptor:" + number(entry.descriptor);
  }
  return " ?";
}

}  // namespace

std::string describe(const LaunchPlan& plan) {
  std::string text = "name " + quoted(plan.name) + "\n";
  text += "ids " + number(plan.uid) + " " + number(plan.gid) + "\n";
  for (const Mount& mount : plan.mounts) text += line(mount);
  for (const Protection& protection : plan.protections)
    for (const std::string& pattern : protection.patterns)
      text += "protect " + quoted(protection.mount) + " " + quoted(pattern) + "\n";
  for (const Apart& apart : plan.apart)
    text += "apart " + std::string(word(apart.kind)) + " " + quoted(apart.path) + "\n";
  text += "network " + std::string(word(plan.network)) + "\n";
  for (const std::uint16_t port : plan.listeners) text += "listener " + std::to_string(port) + "\n";
  if (plan.low_ports == LowPorts::open) text += "low ports\n";
  text += "syscalls " + std::string(word(plan.syscalls)) + "\n";
  for (const sandbox::SyscallChange& change : plan.syscall_changes)
    text += std::string(change.allowed ? "allow" : "deny") + " syscall " + change.call + "\n";
  text += "landlock from ABI " + std::to_string(plan.landlock) + "\n";
  text += std::string("init ") + (plan.init == Init::reaper ? "reaper" : "none") + "\n";
  text += "argv" + list(plan.argv) + "\n";
  text += "executable " + number(plan.executable) + "\n";
  for (const std::string& variable : plan.environment) text += "environment " + quoted(variable) + "\n";
  text += "inherit" + list(plan.inherit) + "\n";
  text += "stdio";
  for (const StdioEntry& entry : plan.stdio) text += line(entry);
  text += "\nkeep";
  for (const std::uint32_t descriptor : plan.keep) text += " " + number(descriptor);
  text += "\ndirectory " + quoted(plan.directory) + "\n";
  text += "hostname " + quoted(plan.hostname) + "\n";
  text += "open files " + std::to_string(plan.open_files) + "\n";
  text += "wall time " + std::to_string(plan.wall_time) + "s\n";
  text += line(plan.limits);
  return text;
}

}  // namespace pawl::policy
