#include "supervisor/policy/lower.hpp"

#include <algorithm>
#include <iterator>

#include "supervisor/policy/placement.hpp"
#include "supervisor/policy/protections.hpp"
#include "supervisor/policy/provider.hpp"
#include "supervisor/policy/system_mounts.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

using sandbox::ApartKind;
using sandbox::LaunchPlan;
using sandbox::Mount;
using sandbox::MountKind;
using sandbox::Stdio;

constexpr std::uint64_t kActionHomeSize = std::uint64_t{64} << 20;  // bytes

std::string short_id(std::string_view id) { return std::string(id.substr(0, 12)); }

// Outer paths first: a mount may not hide one that was made before it.
void add_sorted(std::vector<Mount> mounts, LaunchPlan& plan) {
  std::ranges::sort(mounts, {}, &Mount::target);
  std::ranges::move(mounts, std::back_inserter(plan.mounts));
}

std::string agent_home(const SessionContext& context) {
  for (const std::string_view home : kAgentHomes)
    if (!lies_within(context.workspace, home) && !lies_within(context.person_home, home))
      return std::string(home);
  return std::string(kAgentHomes[0]);
}

// Named by path here, compared by identity where they are bound.
void keep_apart(const std::vector<std::string>& homes, const std::vector<std::string>& private_directories,
                LaunchPlan& plan) {
  for (const std::string& home : homes) plan.apart.push_back({ApartKind::holder, home});
  for (const std::string& directory : private_directories)
    plan.apart.push_back({ApartKind::whole, directory});
}

Result<> add_role_paths(const Role& role, const SessionContext& context, LaunchPlan& plan) {
  std::vector<Mount> mounts;
  for (const std::string& written : role.sandbox.files.read) {
    const std::string path = written.starts_with("~/") ? context.person_home + written.substr(1) : written;
    TRY_DURING("role " + role.name + ", read", check_apart(path, context.private_directories));
    if (!clean_absolute(path) || lies_within(context.person_home, path) ||
        lies_within(path, agent_home(context)))
      return refuse("role " + role.name + ": it cannot read " + quoted(path),
                    "name a file or folder below the home");
    if (!lies_within(path, context.workspace)) mounts.push_back(read_only_path(path));
  }
  add_sorted(std::move(mounts), plan);
  return {};
}

Mount workspace_mount(const FileAccess& files, const std::string& workspace) {
  const bool direct = files.workspace == WorkspaceMode::direct;
  Mount mount = handed(direct ? MountKind::writable : MountKind::read_only, workspace, kSessionWorkspace);
  if (files.workspace == WorkspaceMode::overlay) mount.changes = kSessionChanges;
  if (files.workspace == WorkspaceMode::overlay || !files.hide.empty()) mount.kind = MountKind::overlay;
  mount.hide = files.hide;
  return mount;
}

void add_workspace(const Role& role, const SessionContext& context, LaunchPlan& plan) {
  const FileAccess& files = role.sandbox.files;
  plan.mounts.push_back(workspace_mount(files, context.workspace));
  plan.directory = context.workspace;
  if (files.workspace == WorkspaceMode::read_only) return;
  sandbox::Protection protection{.mount = context.workspace};
  for (const ProtectedPattern& entry : protected_patterns()) protection.patterns.emplace_back(entry.pattern);
  protection.patterns.insert(protection.patterns.end(), files.protect.begin(), files.protect.end());
  plan.protections.push_back(std::move(protection));
}

void add_tools(const SessionContext& context, LaunchPlan& plan) {
  // The directory, not the socket: a restarted broker listens on a new file (a bound old one would refuse for
  // ever).
  Mount broker = pawls_own(read_only_path(context.broker_directory));
  broker.target = kBrokerDirectory;
  Mount tool = pawls_own(read_only_path(context.agent_program));
  tool.target = std::string(kToolDirectory) + "/pawl-agent";
  plan.mounts.push_back(std::move(broker));
  plan.mounts.push_back(std::move(tool));
}

void add_session_environment(const Role& role, const SessionContext& context, LaunchPlan& plan) {
  const std::string home = agent_home(context);
  plan.inherit = role.sandbox.keep_environment;
  plan.environment = {"PATH=" + std::string(kToolDirectory) + ":/usr/local/bin:/usr/bin:/bin",
                      "HOME=" + home,
                      "USER=agent",
                      "LOGNAME=agent",
                      "SHELL=/bin/bash",
                      "PAWL_SESSION=" + context.session,
                      "PAWL_ROLE=" + role.name};
  if (std::ranges::find(plan.inherit, "LANG") == plan.inherit.end())
    plan.environment.emplace_back("LANG=C.UTF-8");
}

Result<> add_routes(const Role& role, const SessionContext& context, LaunchPlan& plan) {
  if (context.placeholders.size() != role.llm.size())
    return refuse("role " + role.name + ": every model route needs one placeholder");
  for (std::size_t i = 0; i < role.llm.size(); ++i) {
    const Provider* provider = find_provider(role.llm[i].api);
    if (provider == nullptr) return refuse("role " + role.name + ": no protocol " + quoted(role.llm[i].api));
    const auto port = static_cast<std::uint16_t>(kFirstRoutePort + i);
    plan.listeners.push_back(port);
    plan.environment.push_back(std::string(provider->base_url_variable) + "=http://127.0.0.1:" +
                               std::to_string(port) + std::string(provider->base_url_suffix));
    plan.environment.push_back(std::string(provider->key_variable) + "=" + context.placeholders[i]);
  }
  return {};
}

void add_session_stdio(const Role& role, SessionStdio stdio, LaunchPlan& plan) {
  for (std::uint32_t i = 0; i < 3; ++i) {
    if (stdio == SessionStdio::terminal) {
      plan.stdio.push_back({Stdio::terminal, sandbox::kNone});
    } else {
      plan.stdio.push_back({Stdio::descriptor, session_stdin(role) + i});
    }
  }
}

// What of an action is lowered.
enum class Part : std::uint8_t { action, preview };

Result<> add_action_paths(const Action& action, Part part, const ActionContext& context, LaunchPlan& plan) {
  const std::string during = "action " + action.name;
  std::vector<Mount> mounts;
  for (const std::string& path : action.read) {
    TRY_DURING(during + ", read", check_apart(path, context.private_directories));
    if (path != context.executable) mounts.push_back(read_only_path(path));  // pinned below
  }
  for (const std::string& path : action.write) {
    TRY_DURING(during + ", write", check_apart(path, context.private_directories));
    if (lies_within(context.executable, path))
      return refuse(during + ": it could write its own program " + quoted(context.executable),
                    "keep programs outside of what an action may write");
    Mount mount = read_only_path(path);
    if (part == Part::action) mount.kind = MountKind::writable;
    mounts.push_back(std::move(mount));
  }
  add_sorted(std::move(mounts), plan);
  return {};
}

void add_inputs(const ActionContext& context, LaunchPlan& plan) {
  std::uint32_t descriptor = kActionInputs;
  for (const CheckedParameter& parameter : context.parameters)
    if (parameter.kind == ParameterKind::file)
      plan.mounts.push_back(pawls_own(handed(MountKind::read_only, input_path(parameter), descriptor++)));
}

sandbox::SyscallProfile profile_of(Syscalls syscalls) {
  switch (syscalls) {
    case Syscalls::minimal:
      return sandbox::SyscallProfile::minimal;
    case Syscalls::standard:
      break;
    case Syscalls::build:
      return sandbox::SyscallProfile::build;
  }
  return sandbox::SyscallProfile::standard;
}

Result<LaunchPlan> lower_part(const Role& role, const Action& action, Part part,
                              const ActionContext& context) {
  const std::string what = part == Part::action ? "action " : "preview of ";
  if (!clean_absolute(context.executable))
    return refuse(what + action.name + ": its program " + quoted(context.executable) +
                  " has no canonical path");
  LaunchPlan plan;
  plan.name = what + action.name + " of " + role.name + ", request " + short_id(context.request);
  plan.uid = context.uid;
  plan.gid = context.gid;
  add_system_mounts({"action", std::string(kActionHome), context.identity}, action.limits.tmp, plan.mounts);
  plan.mounts.push_back(
      {.kind = MountKind::tmpfs, .target = std::string(kActionHome), .size = kActionHomeSize, .mode = 0700});
  TRY(add_action_paths(action, part, context, plan));
  // What runs is the verified descriptor; the same file is pinned at its path, for programs that look at
  // themselves.
  plan.mounts.push_back(pawls_own(handed(MountKind::read_only, context.executable, kActionExecutable)));
  keep_apart({}, context.private_directories, plan);
  add_inputs(context, plan);
  plan.executable = kActionExecutable;
  plan.argv = expand_arguments(part == Part::action ? action.run : action.preview, context.parameters);
  plan.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + std::string(kActionHome), "LANG=C.UTF-8",
                      "TMPDIR=/tmp"};
  plan.stdio = {
      {Stdio::null, sandbox::kNone}, {Stdio::descriptor, kActionStdout}, {Stdio::descriptor, kActionStderr}};
  plan.directory = kActionHome;
  const std::chrono::seconds time = part == Part::action ? action.timeout : action.preview_timeout;
  plan.wall_time = static_cast<std::uint32_t>(time.count());
  plan.limits = action.limits.use;
  return plan;
}

}  // namespace

std::uint32_t session_stdin(const Role& role) {
  return role.sandbox.files.workspace == WorkspaceMode::overlay ? kSessionChanges + 1 : kSessionHome + 1;
}

Result<LaunchPlan> lower_session(const Role& role, const SessionContext& context) {
  TRY(check_workspace(context.workspace, context.person_home, context.private_directories));
  if (context.argv.empty()) return refuse("there is no command to run", "pawl run -- COMMAND");
  LaunchPlan plan;
  plan.name = "session " + short_id(context.session);
  plan.uid = context.uid;
  plan.gid = context.gid;
  const std::string home = agent_home(context);
  add_system_mounts({"agent", home, context.identity}, role.limits.tmp, plan.mounts);
  plan.mounts.push_back(pawls_own(handed(MountKind::writable, home, kSessionHome)));
  keep_apart(context.homes, context.private_directories, plan);
  for (const std::string_view name : credential_folders())
    plan.apart.push_back({ApartKind::name, std::string(name)});
  TRY(add_role_paths(role, context, plan));
  add_workspace(role, context, plan);
  add_tools(context, plan);
  add_session_environment(role, context, plan);
  TRY(add_routes(role, context, plan));
  add_session_stdio(role, context.stdio, plan);
  plan.argv = context.argv;
  plan.syscalls = profile_of(role.sandbox.syscalls);
  plan.low_ports = role.sandbox.low_ports;
  plan.landlock = role.sandbox.landlock;
  for (const ChangedSyscall& changed : role.sandbox.changed_syscalls)
    plan.syscall_changes.push_back(changed.change);
  plan.wall_time = static_cast<std::uint32_t>(role.limits.wall_time.count());
  plan.limits = role.limits.use;
  return plan;
}

Result<LaunchPlan> lower_action(const Role& role, const Action& action, const ActionContext& context) {
  return lower_part(role, action, Part::action, context);
}

Result<LaunchPlan> lower_preview(const Role& role, const Action& action, const ActionContext& context) {
  if (action.preview.empty()) return refuse("action " + action.name + " has no preview");
  return lower_part(role, action, Part::preview, context);
}

std::string secret_variable(const SecretBinding& binding, std::string_view value) {
  std::string variable;
  variable.reserve(binding.variable.size() + 1 +
                   value.size());  // one buffer: no copy is left behind by growing
  variable.append(binding.variable).append("=").append(value);
  return variable;
}

}  // namespace pawl::policy
