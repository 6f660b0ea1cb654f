#include "supervisor/policy/read_role.hpp"

#include <algorithm>
#include <array>

#include "sandbox/seccomp_changes.hpp"
#include "supervisor/policy/provider.hpp"
#include "supervisor/policy/read_action.hpp"
#include "supervisor/policy/read_gate.hpp"
#include "supervisor/policy/read_limits.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

constexpr std::chrono::hours kLongestSession{24 * 7};

// Names that pawl gives itself; a kept value would redirect what the agent or its routes trust.
bool set_by_pawl(std::string_view variable) {
  constexpr std::string_view names[] = {"PATH", "HOME",   "USER",     "LOGNAME", "SHELL",
                                        "PWD",  "TMPDIR", "BASH_ENV", "ENV"};
  if (std::ranges::find(names, variable) != std::end(names)) return true;
  if (variable.starts_with("PAWL_") || variable.starts_with("LD_")) return true;
  return std::ranges::any_of(providers(), [&](const Provider& provider) {
    return variable == provider.base_url_variable || variable == provider.key_variable;
  });
}

void read_workspace(TableReader& reader, FileAccess& files) {
  const auto mode = reader.text("workspace", Need::required);
  const auto reason = reader.text("workspace_reason", Need::optional);
  if (reason) files.workspace_reason = *reason;
  if (!mode) return;
  if (*mode == "direct") {
    files.workspace = WorkspaceMode::direct;
    if (!reason)
      reader.refuse("workspace", "workspace = \"direct\" needs a reason",
                    "add workspace_reason = \"...\": the agent writes to the person's own files");
  } else if (*mode == "overlay") {
    files.workspace = WorkspaceMode::overlay;
  } else if (*mode != "read-only") {
    reader.refuse("workspace", quoted(*mode) + " is not a way to show the workspace",
                  "\"overlay\", \"read-only\" or \"direct\"");
  }
}

void read_shown_paths(TableReader& reader, FileAccess& files) {
  for (const std::string& path : reader.texts("read", Need::optional).value_or(std::vector<std::string>{})) {
    const std::string absolute = path.starts_with("~/") ? path.substr(1) : path;
    constexpr std::string_view never[] = {"/",     "/proc", "/sys", "/dev", "/run", "/etc",
                                          "/home", "/root", "/var", "/tmp", "/boot"};
    if (!clean_absolute(absolute) || absolute == "/") {
      reader.refuse("read", quoted(path) + " is not a clean absolute path",
                    "\"/opt/node\" or \"~/.gitconfig\"");
    } else if (path[0] == '/' && std::ranges::find(never, path) != std::end(never)) {
      reader.refuse("read", quoted(path) + " would show too much of the host",
                    "name what is needed below it");
    } else if (path[0] == '/' && (lies_within(path, "/proc") || lies_within(path, "/sys") ||
                                  lies_within(path, "/dev") || lies_within(path, "/run"))) {
      reader.refuse("read", quoted(path) + " is no ordinary file of the host",
                    "it cannot be shown in a sandbox");
    } else if (const auto credential = credential_path(absolute)) {
      reader.refuse("read", quoted(path) + " looks like a credential (" + *credential + ")",
                    "an agent holds no credential: give it an action that uses one");
    } else {
      files.read.push_back(path);
    }
  }
}

std::vector<std::string> read_patterns(TableReader& reader, std::string_view key,
                                       const std::string& examples) {
  std::vector<std::string> patterns;
  for (std::string pattern : reader.texts(key, Need::optional).value_or(std::vector<std::string>{})) {
    const std::string written = pattern;
    while (pattern.ends_with('/')) pattern.pop_back();
    if (pattern.empty() || !clean_absolute("/" + pattern))
      reader.refuse(key, quoted(written) + " is not a path below the workspace", examples);
    else
      patterns.push_back(std::move(pattern));
  }
  return patterns;
}

void read_hidden_paths(TableReader& reader, FileAccess& files) {
  files.hide = read_patterns(reader, "hide", "\"**/.env\", \"keys\"");
  if (files.workspace == WorkspaceMode::direct && reader.has("hide"))
    reader.refuse("hide", "a direct workspace hides nothing: it is the person's own folder, as it is",
                  "workspace = \"overlay\" or \"read-only\"");
}

void read_files(const Node& node, const std::string& file, Findings& findings, FileAccess& files) {
  TableReader reader(node, Table::sandbox_files, file, "sandbox.files", findings);
  read_workspace(reader, files);
  read_shown_paths(reader, files);
  files.protect = read_patterns(reader, "protect", "\"ci\", \"**/deploy.sh\"");
  read_hidden_paths(reader, files);
}

void read_environment(const Node& node, const std::string& file, Findings& findings, Sandbox& sandbox) {
  TableReader reader(node, Table::sandbox_env, file, "sandbox.env", findings);
  for (const std::string& variable :
       reader.texts("keep", Need::optional).value_or(std::vector<std::string>{})) {
    if (!valid_variable(variable)) {
      reader.refuse("keep", quoted(variable) + " is not the name of an environment variable");
    } else if (set_by_pawl(variable)) {
      reader.refuse("keep", variable + " is set by pawl itself", "remove it");
    } else if (credential_variable(variable)) {
      reader.refuse("keep", variable + " looks like a credential, or leads to one",
                    "an agent holds no credential: give it an action or an llm route that uses one");
    } else if (std::ranges::find(sandbox.keep_environment, variable) == sandbox.keep_environment.end()) {
      sandbox.keep_environment.push_back(variable);
    }
  }
}

std::optional<Syscalls> find_syscalls(std::string_view word) {
  for (const Syscalls syscalls : {Syscalls::minimal, Syscalls::standard, Syscalls::build})
    if (word_of(syscalls) == word) return syscalls;
  return std::nullopt;
}

enum class Change : bool { deny, allow };

void read_changed_syscalls(TableReader& sandbox_reader, Change change, Findings& findings, Sandbox& sandbox) {
  const std::string key = change == Change::allow ? "allow_syscalls" : "deny_syscalls";
  std::size_t number = 0;
  for (const Node* node : sandbox_reader.tables(key)) {
    const std::string path = "sandbox." + key + "[" + std::to_string(number++) + "]";
    TableReader reader(*node, Table::syscall, sandbox_reader.file(), path, findings);
    const auto name = reader.text("name", Need::required);
    const auto reason = reader.text("reason", Need::required);
    if (!name || !reason) continue;
    ChangedSyscall changed{{*name, change == Change::allow}, *reason};
    const auto same = [&](const ChangedSyscall& other) { return other.change.call == *name; };
    if (const std::string complaint = sandbox::complaint_about(changed.change); !complaint.empty())
      reader.refuse("name", quoted(*name) + ": " + complaint, "see policies/KEYS.md");
    else if (std::ranges::any_of(sandbox.changed_syscalls, same))
      reader.refuse("name", quoted(*name) + " is changed twice", "keep one of the two");
    else if (reason->empty())
      reader.refuse("reason", "the reason is empty", "say which program needs it, or why nothing may");
    else
      sandbox.changed_syscalls.push_back(std::move(changed));
  }
  if (sandbox.changed_syscalls.size() > sandbox::kMaxSyscallChanges)
    sandbox_reader.refuse(
        key, "more than " + std::to_string(sandbox::kMaxSyscallChanges) + " system calls are changed",
        "choose another set");
}

// Of capabilities a session could use one alone, and that one is given without it: its network is its own.
void read_capabilities(TableReader& reader, Sandbox& sandbox) {
  constexpr std::string_view of_ids[] = {"chown", "fowner", "setuid", "setgid"};
  for (const std::string& name :
       reader.texts("capabilities", Need::optional).value_or(std::vector<std::string>{})) {
    if (name == "net_bind_service")
      sandbox.low_ports = sandbox::LowPorts::open;
    else if (std::ranges::find(of_ids, name) != std::end(of_ids))
      reader.refuse("capabilities", quoted(name) + " would do nothing: one id is mapped into a sandbox",
                    "remove it");
    else
      reader.refuse("capabilities", quoted(name) + " is never kept", "\"net_bind_service\" is all there is");
  }
}

void read_sandbox(const Node& node, const std::string& file, Findings& findings, Sandbox& sandbox) {
  TableReader reader(node, Table::sandbox, file, "sandbox", findings);
  if (const auto syscalls = reader.text("syscalls", Need::optional)) {
    if (const auto known = find_syscalls(*syscalls))
      sandbox.syscalls = *known;
    else
      reader.refuse("syscalls", quoted(*syscalls) + " is not a set of system calls",
                    "\"minimal\", \"default\" or \"build\"");
  }
  sandbox.landlock = static_cast<std::uint32_t>(
      reader.integer("landlock", Need::optional, sandbox::kLeastLandlock, sandbox::kMostLandlock)
          .value_or(sandbox::kLeastLandlock));
  read_changed_syscalls(reader, Change::allow, findings, sandbox);
  read_changed_syscalls(reader, Change::deny, findings, sandbox);
  read_capabilities(reader, sandbox);
  if (const Node* files = reader.table("files")) {
    read_files(*files, file, findings, sandbox.files);
  } else {
    reader.refuse("files", "[sandbox.files] is missing",
                  "say how the workspace is shown: workspace = \"read-only\"");
  }
  if (const Node* environment = reader.table("env")) read_environment(*environment, file, findings, sandbox);
}

void read_role_limits(const Node& node, const std::string& file, Findings& findings, Limits& limits) {
  TableReader reader(node, Table::limits, file, "limits", findings);
  read_limits(reader, limits);
  limits.wall_time = reader.duration("wall_time", kLongestSession).value_or(limits.wall_time);
}

// "https://host[:port]" or "http://host:port", nothing behind it.
bool is_origin(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return false;
  std::string_view host = text.substr(scheme);
  std::string_view port;
  if (const auto bracket = host.rfind(']'); host.starts_with('[') && bracket != std::string_view::npos) {
    port = host.substr(bracket + 1);
    host = host.substr(1, bracket - 1);
    if (host.empty() || host.find_first_not_of("0123456789abcdef:") != std::string_view::npos) return false;
  } else {
    const auto colon = host.find(':');
    port = colon == std::string_view::npos ? std::string_view{} : host.substr(colon);
    host = host.substr(0, colon);
    if (host.empty() ||
        host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string_view::npos ||
        host.starts_with('.') || host.starts_with('-') || host.ends_with('.') ||
        host.find("..") != std::string_view::npos)
      return false;
  }
  if (port.empty()) return scheme == 8;
  return port.size() >= 2 && port.size() <= 6 && port[0] == ':' && port[1] != '0' &&
         port.substr(1).find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoi(std::string(port.substr(1))) <= 65535;
}

// No certificate says that it is for a bare address that an operator could trust, and the dialer refuses one.
bool is_https_to_address(std::string_view origin) {
  if (!origin.starts_with("https://")) return false;
  const std::string_view host = origin.substr(8, origin.substr(8).rfind(':'));
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void read_route(const Node& node, const std::string& file, std::size_t number, Findings& findings,
                Role& role) {
  const std::string path = "llm." + std::to_string(number);
  TableReader reader(node, Table::llm, file, path, findings);
  LlmRoute route;
  route.name = reader.name("name", Need::required).value_or("");
  const auto api = reader.text("api", Need::optional);
  route.api = api.value_or(route.name);
  route.secret = reader.name("secret", Need::optional).value_or("");
  const auto upstream = reader.text("upstream", Need::optional);
  const Provider* provider = find_provider(route.api);
  if (provider == nullptr) {
    if (!route.name.empty())
      reader.refuse(api ? "api" : "name", quoted(route.api) + " is not a model protocol that pawl routes",
                    "api = \"anthropic\", \"openai\" or \"gemini\"");
    return;
  }
  if (upstream) {
    if (!is_origin(*upstream))
      reader.refuse("upstream", quoted(*upstream) + " is not an origin",
                    "\"https://host\", \"https://host:port\" or \"http://127.0.0.1:port\", without a path");
    else if (is_https_to_address(*upstream))
      reader.refuse("upstream", quoted(*upstream) + " is an address, and https is verified by name",
                    "give the host's name: \"https://host\"");
    route.upstream = *upstream;
  } else if (route.name != route.api) {
    reader.refuse("name", "route " + quoted(route.name) + " has no upstream",
                  "name it after its vendor, or add upstream = \"https://...\"");
  } else {
    route.upstream = provider->upstream;
  }
  findings.places.record(file, "llm." + route.name, reader.place("name"));
  findings.places.record(file, "llm." + route.name + ".secret", reader.place("secret"));
  findings.places.record(file, "llm." + route.name + ".upstream", reader.place("upstream"));
  const auto same = [&](const LlmRoute& other) { return other.name == route.name || other.api == route.api; };
  if (std::ranges::any_of(role.llm, same))
    reader.refuse("name", "a second route for " + quoted(route.api),
                  "one role has one route for each model protocol: both would set the same variables");
  role.llm.push_back(std::move(route));
}

}  // namespace

Role read_role(const std::string& file, const Node& root, Findings& findings) {
  Role role;
  TableReader reader(root, Table::role, file, "", findings);
  reader.integer("pawl", Need::required, 1, 1);
  role.name = reader.name("name", Need::required).value_or("");
  if (role.name == "policy-file")
    reader.refuse("name", "the name 'policy-file' is taken: pawl.toml means handed roles by it");
  role.description = reader.text("description", Need::optional).value_or("");
  role.owner = reader.text("owner", Need::optional).value_or("");
  if (const Node* sandbox = reader.table("sandbox")) {
    read_sandbox(*sandbox, file, findings, role.sandbox);
  } else {
    reader.refuse("sandbox", "[sandbox.files] is missing",
                  "say how the workspace is shown: workspace = \"read-only\"");
  }
  if (const Node* limits = reader.table("limits")) read_role_limits(*limits, file, findings, role.limits);
  std::size_t number = 0;
  for (const Node* route : reader.tables("llm")) read_route(*route, file, number++, findings, role);
  for (const Node* action : reader.tables("action")) read_action(*action, file, findings, role);
  for (const Node* gate : reader.tables("gate")) read_gate(*gate, file, findings, role);
  return role;
}

}  // namespace pawl::policy
