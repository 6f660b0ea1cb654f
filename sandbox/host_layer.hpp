// What a host must be able to do for a sandbox, one name each: the rows of `pawl doctor`, and what a failing
// launch blames. Pure. Runs in the launcher, in `pawl doctor` and in its helper pawl-probe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pawl::sandbox {

enum class Layer : std::uint8_t {
  user_namespace,
  nested_user_namespace,
  id_maps,
  new_root,
  read_only_bind,
  pid_namespace,
  private_proc,
  network_namespace,
  redirect,
  ipc_namespace,
  uts_namespace,
  cgroup_namespace,
  overlay,
  no_new_privileges,
  seccomp,
  foreign_abi,
  landlock,
  landlock_scopes,
  keyring,
  close_range,
  pidfd,
  terminal,
  limits,
  state_directory,
  socket_directory,
};
constexpr Layer last_of(Layer) { return Layer::socket_directory; }

// Who cannot do without it.
enum class Need : std::uint8_t {
  every_session,
  some_roles,  // those that ask for it: their own launch tells
  nobody,      // one more wall where the kernel has it
};

struct LayerFacts {
  Layer layer;
  std::string_view name;
  std::string_view holds;  // what is held by it, for the table
  Need need;
  unsigned major, minor;           // the Linux that brings it; 0.0: not the kernel's
  std::string_view configuration;  // with which it must be built; may be empty
};

// In the order of the enumeration.
std::span<const LayerFacts> all_layers() noexcept;
const LayerFacts& facts_of(Layer layer) noexcept;
std::optional<Layer> layer_named(std::string_view name) noexcept;

}  // namespace pawl::sandbox
