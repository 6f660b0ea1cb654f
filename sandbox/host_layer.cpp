#include "sandbox/host_layer.hpp"

#include <iterator>

namespace pawl::sandbox {
namespace {

using enum Need;

// clang-format off
constexpr LayerFacts kLayers[] = {
    {Layer::user_namespace,        "user namespace",        "rights of a sandbox end at its border",                 every_session, 3, 8, "CONFIG_USER_NS=y"},
    {Layer::nested_user_namespace, "nested user namespace", "a session cannot change what was built for it",         every_session, 3, 8, "CONFIG_USER_NS=y"},
    {Layer::id_maps,               "id maps",               "nothing inside is the host's root",                     every_session, 3, 19, "CONFIG_USER_NS=y"},
    {Layer::new_root,              "new root",              "no file of the host is there unless it was named",      every_session, 5, 12, ""},
    {Layer::read_only_bind,        "read-only binds",       "what is shown read-only stays read-only",               every_session, 5, 12, ""},
    {Layer::pid_namespace,         "pid namespace",         "no other process is in reach, and none survives",       every_session, 3, 8, "CONFIG_PID_NS=y"},
    {Layer::private_proc,          "private /proc",         "/proc tells of the session alone and cannot be written", every_session, 3, 8, "CONFIG_PID_NS=y"},
    {Layer::network_namespace,     "network namespace",     "no network, no abstract socket of the host",            every_session, 3, 8, "CONFIG_NET_NS=y"},
    {Layer::redirect,              "redirect rules",        "every connection is led to pawl's egress",              some_roles,    5, 2, "CONFIG_NF_TABLES_INET=y, CONFIG_NFT_CT, CONFIG_NFT_LIMIT, CONFIG_NFT_NAT, CONFIG_NFT_REDIR and CONFIG_NFT_REJECT"},
    {Layer::ipc_namespace,         "ipc namespace",         "no shared memory or queue of the host",                 every_session, 3, 8, "CONFIG_IPC_NS=y"},
    {Layer::uts_namespace,         "uts namespace",         "a host name of its own",                                every_session, 3, 8, "CONFIG_UTS_NS=y"},
    {Layer::cgroup_namespace,      "cgroup namespace",      "the host's control groups are not told",                every_session, 4, 6, "CONFIG_CGROUPS=y"},
    {Layer::overlay,               "overlay workspace",     "changes of a workspace wait for review",                some_roles,    5, 11, "CONFIG_OVERLAY_FS"},
    {Layer::no_new_privileges,     "no new privileges",     "set-user-id programs give nothing",                     every_session, 3, 5, ""},
    {Layer::seccomp,               "system call filter",    "the kernel's edges are out of reach",                   every_session, 3, 17, "CONFIG_SECCOMP_FILTER=y"},
    {Layer::foreign_abi,           "foreign system calls",  "32-bit and x32 calls do not pass the filter",           every_session, 3, 17, "CONFIG_SECCOMP_FILTER=y"},
    {Layer::landlock,              "landlock files",        "a second wall around files",                            every_session, 5, 19, "CONFIG_SECURITY_LANDLOCK=y"},
    {Layer::landlock_scopes,       "landlock scopes",       "a second wall around abstract sockets and signals",     nobody,        6, 12, "CONFIG_SECURITY_LANDLOCK=y"},
    {Layer::keyring,               "session keyring",       "the person's keys are out of reach",                    every_session, 2, 6, "CONFIG_KEYS=y"},
    {Layer::close_range,           "close_range",           "no descriptor is inherited",                            every_session, 5, 11, ""},
    {Layer::pidfd,                 "pidfd",                 "signals reach the process that was meant",              every_session, 5, 4, ""},
    {Layer::terminal,              "terminal",              "a terminal of its own; no typing into the person's",    every_session, 4, 13, "CONFIG_UNIX98_PTYS=y"},
    {Layer::limits,                "limits",                "memory, processes and processor time are bounded",      some_roles,    5, 14, "CONFIG_MEMCG=y, CONFIG_CGROUP_PIDS=y and CONFIG_CGROUP_SCHED=y"},
    {Layer::state_directory,       "state directory",       "what was asked and done is on disk first",              every_session, 0, 0, ""},
    {Layer::socket_directory,      "socket directory",      "people and agents find the broker",                     every_session, 0, 0, ""},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kLayers); ++i)
    if (kLayers[i].layer != static_cast<Layer>(i)) return false;
  return std::size(kLayers) == static_cast<std::size_t>(last_of(Layer{})) + 1;
}
static_assert(in_order());

}  // namespace

std::span<const LayerFacts> all_layers() noexcept { return kLayers; }
const LayerFacts& facts_of(Layer layer) noexcept { return kLayers[static_cast<std::size_t>(layer)]; }

std::optional<Layer> layer_named(std::string_view name) noexcept {
  for (const LayerFacts& facts : kLayers)
    if (facts.name == name) return facts.layer;
  return {};
}

}  // namespace pawl::sandbox
