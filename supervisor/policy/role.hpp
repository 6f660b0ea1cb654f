// A role: what an agent of one kind may see, reach and ask (roles/NAME.toml). Plain data, as checked by
// policy.hpp; how an action is approved and what a secret demands stand in other files on purpose.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/plan.hpp"
#include "supervisor/policy/gate.hpp"

namespace pawl::policy {

enum class WorkspaceMode : std::uint8_t {
  read_only,
  direct,
  overlay,  // copy-on-write: what is written is kept apart until a person applies or discards it
};

struct FileAccess {
  WorkspaceMode workspace = WorkspaceMode::read_only;
  std::string workspace_reason;  // why direct; never empty then
  std::vector<std::string>
      read;  // host paths shown read-only, absolute or "~/..." (the launcher's passwd home)
  std::vector<std::string>
      protect;                    // patterns below the workspace, besides pawl's own list (protections.hpp)
  std::vector<std::string> hide;  // patterns below the workspace that read as absent; empty with direct
};

// The set of system calls (sandbox/seccomp_profile.hpp).
enum class Syscalls : std::uint8_t { minimal, standard, build };
std::string_view word_of(Syscalls syscalls);  // as a role writes it

// One call that this role judges otherwise than its set does (sandbox/seccomp_changes.hpp).
struct ChangedSyscall {
  sandbox::SyscallChange change;
  std::string reason;  // never empty
};

struct Sandbox {
  Syscalls syscalls = Syscalls::standard;  // "default" in a role
  std::vector<ChangedSyscall> changed_syscalls;
  sandbox::LowPorts low_ports = sandbox::LowPorts::closed;  // "net_bind_service" of capabilities
  std::uint32_t landlock = sandbox::kLeastLandlock;         // the least ABI that the kernel must enforce
  FileAccess files;
  std::vector<std::string> keep_environment;  // names whose values come from the launcher's environment
};

inline constexpr std::uint32_t kUsualProcesses = 4096;

struct Limits {
  std::uint64_t tmp = std::uint64_t{1} << 30;         // bytes of /tmp
  std::chrono::seconds wall_time{0};                  // of a session; 0: no limit
  sandbox::Limits use{.processes = kUsualProcesses};  // memory, processes, CPU time, disk
};

// One way to a model vendor. `secret` empty: the route carries no credential (a model on this machine).
struct LlmRoute {
  std::string name;      // "anthropic"
  std::string api;       // whose protocol: a name of provider.hpp
  std::string upstream;  // origin, no path: "https://api.anthropic.com", "http://127.0.0.1:8080"
  std::string secret;

  // What secrets.toml must list under `uses`: "llm:anthropic" where the route goes to the vendor itself,
  // otherwise "llm:<upstream>", so that no edit of a role alone sends a key to another address.
  std::string use() const;
};

enum class ParameterKind : std::uint8_t { text, file };

struct Parameter {
  std::string name;
  ParameterKind kind = ParameterKind::text;
  std::string match;                           // text: RE2, must match the whole value
  std::uint64_t max = std::uint64_t{1} << 20;  // file: bytes
  enum class Dash : std::uint8_t { refused, allowed } leading_dash = Dash::refused;
};

struct SecretBinding {
  std::string variable;  // environment name in the action: "DEPLOY_TOKEN"
  std::string secret;    // name in secrets.toml
};

inline constexpr std::uint64_t kLargestOutput = std::uint64_t{16}
                                                << 20;  // held in the broker's memory, twice

struct Action {
  std::string name;
  std::string description;
  std::vector<std::string> run;  // run[0]: absolute path, no parameter; "{name}" stands for a parameter
  std::vector<Parameter> parameters;
  std::vector<SecretBinding> secrets;
  std::string approval;              // rule in approvals.toml
  std::vector<std::string> preview;  // like `run`, made before anyone is asked; empty: there is none
  std::chrono::seconds preview_timeout{60};
  std::vector<SecretBinding> preview_secrets;  // all that it is given, each for the use preview_use()
  bool recheck = false;  // the preview is made again before it runs, and must be the same
  std::string rollback;  // the action of this role that takes this one back; empty: none
  std::chrono::seconds timeout{600};
  std::vector<std::string> read;                  // further absolute host paths, read-only
  std::vector<std::string> write;                 // further absolute host paths, writable
  std::uint64_t output = std::uint64_t{1} << 20;  // bytes kept of each of stdout and stderr
  Limits limits;                                  // without wall_time: that is `timeout`

  const Parameter* find_parameter(std::string_view parameter) const;
  std::string use() const { return "action:" + name; }  // as in `uses` of secrets.toml
  std::string preview_use() const { return "preview:" + name; }
};

enum class RoleOrigin : std::uint8_t {
  installed,  // from the config directory
  handed,     // `pawl run --policy FILE`: draws no secret
};

struct Role {
  std::string name;
  std::string description;
  std::string owner;
  RoleOrigin origin = RoleOrigin::installed;
  Sandbox sandbox;
  Limits limits;
  std::vector<LlmRoute> llm;  // their order is the order of the session plan's listeners
  std::vector<Action> actions;
  std::vector<Gate> gates;

  const Action* find_action(std::string_view action) const;
  const Gate* find_gate(std::string_view gate) const;
};

}  // namespace pawl::policy
