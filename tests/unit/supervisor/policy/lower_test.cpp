#include "supervisor/policy/lower.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "supervisor/policy/protections.hpp"
#include "supervisor/policy/provider.hpp"
#include "supervisor/policy/starter.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using sandbox::LaunchPlan;

Policy shipped() {
  auto policy = build({.kind = HomeKind::system}, system_example());
  REQUIRE(policy);
  return *std::move(policy);
}

SessionContext session(const Role& role) {
  SessionContext context{
      .session = "5e55107f2d1c0a",
      .workspace = "/home/alice/src/web",
      .broker_directory = "/run/pawl/sessions/5e55107f2d1c",
      .agent_program = "/usr/libexec/pawl/pawl-agent",
      .person_home = "/home/alice",
      .homes = {"/home/alice"},
      .private_directories = {"/etc/pawl", "/var/lib/pawl", "/run/pawl", "/home/alice/.ssh"},
      .argv = {"claude", "--print", "ship it"},
      .stdio = SessionStdio::terminal};
  for (const LlmRoute& route : role.llm) context.placeholders.push_back("placeholder-of-" + route.name);
  return context;
}

ActionContext request() {
  return {.request = "4e9e57000000",
          .executable = "/usr/local/lib/deployctl/bin",
          .parameters = {{"service", ParameterKind::text, "web"},
                         {"image", ParameterKind::text, "registry.example.com/web@sha256:00"},
                         {"manifest", ParameterKind::file, "web.yaml"}},
          .private_directories = {"/etc/pawl", "/var/lib/pawl"},
          .uid = 990,
          .gid = 990,
          .identity = {990, 990}};
}

// Compares with tests/golden/policy/NAME.txt; PAWL_UPDATE_GOLDEN=1 writes it anew, to be reviewed as a diff.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(PAWL_SOURCE_ROOT) + "/tests/golden/policy/" + name + ".txt";
  if (std::getenv("PAWL_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  CHECK(text == std::string(std::istreambuf_iterator<char>(file), {}));
}

const sandbox::Mount* mount_at(const LaunchPlan& plan, std::string_view target) {
  const auto found = std::ranges::find(plan.mounts, target, &sandbox::Mount::target);
  return found != plan.mounts.end() ? &*found : nullptr;
}

TEST_CASE("the shipped roles lower to the plans that were reviewed") {
  const Policy policy = shipped();
  for (const Role& role : policy.roles) {
    const auto plan = lower_session(role, session(role));
    REQUIRE(plan);
    check_golden("session-" + role.name, describe(*plan));
    CHECK(sandbox::decode_plan(sandbox::encode_plan(*plan), session_stdin(role)));
    CHECK_FALSE(sandbox::decode_plan(sandbox::encode_plan(*plan), session_stdin(role) - 1));
  }
  const Role& deployer = *policy.find_role("deployer");
  const auto plan = lower_action(deployer, deployer.actions[0], request());
  REQUIRE(plan);
  check_golden("action-deploy", describe(*plan));
  CHECK(sandbox::decode_plan(sandbox::encode_plan(*plan), 4));
}

TEST_CASE("a session with pipes takes its three descriptors after workspace, home and folder for changes") {
  const Policy policy = shipped();
  for (const auto& [name, first] : {std::pair("observer", 2u), std::pair("coder", 3u)}) {
    const Role& role = *policy.find_role(name);
    SessionContext context = session(role);
    context.stdio = SessionStdio::pipes;
    const auto plan = lower_session(role, context);
    REQUIRE(plan);
    REQUIRE(plan->stdio.size() == 3);
    for (std::uint32_t i = 0; i < 3; ++i) CHECK(plan->stdio[i].descriptor == first + i);
  }
}

TEST_CASE("an overlay keeps its changes in a folder of the session and is not protected by mounts") {
  const Policy policy = shipped();
  const Role& deployer = *policy.find_role("deployer");
  const auto plan = lower_session(deployer, session(deployer));
  REQUIRE(plan);
  const sandbox::Mount& workspace = *mount_at(*plan, "/home/alice/src/web");
  CHECK(workspace.kind == sandbox::MountKind::overlay);
  CHECK(workspace.descriptor == kSessionWorkspace);
  CHECK(workspace.changes == kSessionChanges);
  CHECK(workspace.hide == std::vector<std::string>{"**/.env", "**/*.pem"});
  // For whoever applies the changes.
  REQUIRE(plan->protections.size() == 1);
  CHECK(plan->protections[0].patterns.size() == protected_patterns().size() + 1);

  Role observer = *policy.find_role("observer");
  observer.sandbox.files.hide = {"*.pem"};
  const auto seen = lower_session(observer, session(observer));
  REQUIRE(seen);
  CHECK(mount_at(*seen, "/home/alice/src/web")->kind == sandbox::MountKind::overlay);
  CHECK(mount_at(*seen, "/home/alice/src/web")->changes == sandbox::kNone);
  CHECK(seen->protections.empty());
  CHECK(sandbox::decode_plan(sandbox::encode_plan(*seen), 2));
}

TEST_CASE("what a role says of system calls and Landlock stands in the plan") {
  Role role = *shipped().find_role("coder");
  role.sandbox.syscalls = Syscalls::minimal;
  role.sandbox.changed_syscalls = {{{"socket", true}, "asks itself"},
                                   {{"memfd_create", false}, "no hidden files"}};
  role.sandbox.landlock = 4;
  role.sandbox.low_ports = sandbox::LowPorts::open;
  const auto plan = lower_session(role, session(role));
  REQUIRE(plan);
  CHECK(plan->syscalls == sandbox::SyscallProfile::minimal);
  REQUIRE(plan->syscall_changes.size() == 2);
  CHECK(plan->syscall_changes[0].call == "socket");
  CHECK(plan->syscall_changes[0].allowed);
  CHECK_FALSE(plan->syscall_changes[1].allowed);
  CHECK(plan->landlock == 4);
  CHECK(plan->low_ports == sandbox::LowPorts::open);
  CHECK(sandbox::decode_plan(sandbox::encode_plan(*plan), 8));
}

TEST_CASE("a read-only workspace is bound read-only, a direct one is protected by position at every depth") {
  const Policy policy = shipped();
  const Role& observer = *policy.find_role("observer");
  const auto seen = lower_session(observer, session(observer));
  REQUIRE(seen);
  CHECK(mount_at(*seen, "/home/alice/src/web")->kind == sandbox::MountKind::read_only);
  CHECK(seen->protections.empty());

  Role deployer = *policy.find_role("deployer");
  deployer.sandbox.files.workspace = WorkspaceMode::direct;
  deployer.sandbox.files.hide.clear();
  const auto plan = lower_session(deployer, session(deployer));
  REQUIRE(plan);
  CHECK(mount_at(*plan, "/home/alice/src/web")->kind == sandbox::MountKind::writable);
  REQUIRE(plan->protections.size() == 1);
  CHECK(plan->protections[0].mount == "/home/alice/src/web");
  const auto& patterns = plan->protections[0].patterns;
  for (const char* pattern :
       {"**/.git/hooks", "**/.git/config", "**/.git/info", ".envrc", ".vscode", ".idea", ".claude", ".codex",
        ".gemini", ".mcp.json", ".gitmodules", "**/.github/workflows", "ci"}) {
    INFO(pattern);
    CHECK(std::ranges::find(patterns, pattern) != patterns.end());
  }
  CHECK(patterns.size() == protected_patterns().size() + 1);
}

TEST_CASE("a workspace is the folder of one project") {
  const Policy policy = shipped();
  const auto complaint = [&](std::string path) {
    SessionContext context = session(policy.roles[0]);
    context.workspace = std::move(path);
    const auto plan = lower_session(policy.roles[0], context);
    return plan ? std::string() : plan.error().trail;
  };
  for (const char* fine : {"/home/alice/src", "/home/alice/src/web", "/root/project", "/tmp/x", "/srv/app",
                           "/var/lib/jenkins/job", "/data"}) {
    INFO(fine);
    CHECK(complaint(fine).empty());
  }
  CHECK_THAT(complaint("/"), Contains("holds more than one project"));
  CHECK_THAT(complaint("/home"), Contains("holds more than one project"));
  CHECK_THAT(complaint("/tmp"), Contains("holds more than one project"));
  CHECK_THAT(complaint("/home/alice"), Contains("is a home directory"));
  CHECK_THAT(complaint("/home/bob"), Contains("is a home directory"));
  for (const char* system : {"/usr/src/x", "/etc", "/proc/1", "/dev/shm/x", "/run/user/1000/x", "/bin",
                             "/lib64", "/sbin", "/boot"})
    CHECK_THAT(complaint(system), Contains("belongs to the system"));
  CHECK_THAT(complaint("/home/alice/.ssh"), Contains("a place of credentials"));
  CHECK_THAT(complaint("/home/alice/.ssh/keys"), Contains("a place of credentials"));
  CHECK_THAT(complaint("/home/alice/../bob/x"), Contains("not a clean absolute path"));
  CHECK_THAT(complaint("relative"), Contains("not a clean absolute path"));
  CHECK_THAT(complaint("/srv/a\nb"), Contains("control character"));
}

TEST_CASE("a workspace that holds pawl's folders or a home elsewhere is refused") {
  const Policy policy = shipped();
  SessionContext context = session(policy.roles[0]);
  context.person_home = "/data/people/alice";
  context.workspace = "/data";
  auto plan = lower_session(policy.roles[0], context);
  REQUIRE_FALSE(plan);
  CHECK_THAT(plan.error().trail, Contains("holds the home directory /data/people/alice"));
  context.workspace = "/data/people/alice";
  CHECK_THAT(lower_session(policy.roles[0], context).error().trail, Contains("is a home directory"));
  context.workspace = "/opt/thing";
  context.private_directories = {"/opt/thing/deep/pawl"};
  CHECK_THAT(lower_session(policy.roles[0], context).error().trail, Contains("is pawl's own"));
}

TEST_CASE("a place of credentials is no workspace") {
  const Policy policy = shipped();
  SessionContext context = session(policy.roles[0]);
  for (const char* place :
       {"/home/alice/.aws", "/home/alice/.gnupg/deep", "/srv/.kube", "/home/alice/.config/x"}) {
    INFO(place);
    context.workspace = place;
    const auto plan = lower_session(policy.roles[0], context);
    REQUIRE_FALSE(plan);
    CHECK_THAT(plan.error().trail, Contains("looks like a place of credentials"));
  }
}

TEST_CASE("what a person or a role names is held apart, what pawl makes is not") {
  const Policy policy = shipped();
  Role role = *policy.find_role("deployer");
  role.sandbox.files.read = {"/opt/node"};
  const auto plan = lower_session(role, session(role));
  REQUIRE(plan);
  for (const sandbox::Mount& mount : plan->mounts) {
    if (mount.kind != sandbox::MountKind::read_only && mount.kind != sandbox::MountKind::writable) continue;
    INFO(mount.target);
    const bool named = mount.target == "/opt/node" || mount.target == "/home/alice/src/web";
    CHECK((mount.origin == sandbox::Origin::named) == named);
  }
  const auto apart = [&](sandbox::ApartKind kind, std::string_view path) {
    return std::ranges::any_of(
        plan->apart, [&](const sandbox::Apart& entry) { return entry.kind == kind && entry.path == path; });
  };
  CHECK(apart(sandbox::ApartKind::holder, "/home/alice"));
  CHECK(apart(sandbox::ApartKind::whole, "/home/alice/.ssh"));
  CHECK(apart(sandbox::ApartKind::name, ".aws"));
  const auto action = lower_action(role, role.actions[0], request());
  REQUIRE(action);
  CHECK(action->apart.size() == request().private_directories.size());
}

TEST_CASE("the agent's home gives way to a workspace or a person that lives there") {
  const Policy policy = shipped();
  SessionContext context = session(policy.roles[0]);
  const auto home = [&] {
    const auto plan = lower_session(policy.roles[0], context);
    REQUIRE(plan);
    CHECK(sandbox::decode_plan(sandbox::encode_plan(*plan), 3));
    const auto variable = std::ranges::find_if(
        plan->environment, [](const std::string& entry) { return entry.starts_with("HOME="); });
    CHECK(mount_at(*plan, variable->substr(5)) != nullptr);
    return variable->substr(5);
  };
  CHECK(home() == "/home/agent");
  context.workspace = "/home/agent/project";
  CHECK(home() == "/home/pawl-agent");
  context.workspace = "/srv/x";
  context.person_home = "/home/agent";
  CHECK(home() == "/home/pawl-agent");
}

TEST_CASE("what a role reads is shown at its own place, never pawl's own") {
  const Policy policy = shipped();
  Role role = *policy.find_role("observer");
  role.sandbox.files.read = {"~/.gitconfig", "/opt/node", "/opt"};
  const auto plan = lower_session(role, session(role));
  REQUIRE(plan);
  CHECK(mount_at(*plan, "/home/alice/.gitconfig")->source == "/home/alice/.gitconfig");
  const auto outer = std::ranges::find(plan->mounts, "/opt", &sandbox::Mount::target);
  const auto inner = std::ranges::find(plan->mounts, "/opt/node", &sandbox::Mount::target);
  CHECK(outer < inner);  // a mount may not hide one that was made before it
  for (const char* bad : {"/var/lib/pawl/x", "/var/lib", "/home/alice"}) {
    role.sandbox.files.read = {bad};
    CHECK_FALSE(lower_session(role, session(role)));
  }
}

TEST_CASE("the agent is told where its model is and holds a placeholder") {
  const Policy policy = shipped();
  const Role& coder = *policy.find_role("coder");
  const auto plan = lower_session(coder, session(coder));
  REQUIRE(plan);
  CHECK(plan->listeners == std::vector<std::uint16_t>{kFirstRoutePort});
  const auto has = [&](const std::string& variable) {
    return std::ranges::find(plan->environment, variable) != plan->environment.end();
  };
  CHECK(has("ANTHROPIC_BASE_URL=http://127.0.0.1:" + std::to_string(kFirstRoutePort)));
  CHECK(has("ANTHROPIC_API_KEY=placeholder-of-anthropic"));
  CHECK(has("PAWL_SESSION=5e55107f2d1c0a"));
  CHECK_FALSE(has("LANG=C.UTF-8"));  // the role keeps the launcher's

  SessionContext without = session(coder);
  without.placeholders.clear();
  CHECK_FALSE(lower_session(coder, without));
}

TEST_CASE("placeholders are shaped like the vendor's keys and random") {
  for (const Provider& provider : providers()) {
    const std::string one = make_placeholder(provider);
    CHECK(one.starts_with(provider.placeholder_prefix));
    CHECK(one.size() == provider.placeholder_prefix.size() + provider.placeholder_length);
    CHECK(one != make_placeholder(provider));
  }
}

TEST_CASE("an action sees no workspace, no socket, no home of anybody and nothing of pawl's") {
  const Policy policy = shipped();
  const Role& role = *policy.find_role("deployer");
  const auto plan = lower_action(role, role.actions[0], request());
  REQUIRE(plan);
  CHECK(plan->listeners.empty());
  CHECK(plan->network == sandbox::Network::loopback);
  CHECK(plan->inherit.empty());
  CHECK(plan->keep.empty());
  CHECK(plan->wall_time == 600);
  CHECK(plan->executable == kActionExecutable);
  CHECK(plan->argv[0] == "/usr/local/bin/deployctl");
  CHECK(plan->argv.back() == "/run/pawl/inputs/manifest/web.yaml");
  CHECK(plan->stdio[0].kind == sandbox::Stdio::null);
  for (const sandbox::Mount& mount : plan->mounts) {
    INFO(mount.target);
    CHECK(mount.kind != sandbox::MountKind::writable);
    CHECK_FALSE(mount.source.starts_with("/home"));
    CHECK_FALSE(mount.source.starts_with("/run"));
    CHECK_FALSE(mount.source.starts_with("/etc/pawl"));
  }
  CHECK(mount_at(*plan, "/home/action")->kind == sandbox::MountKind::tmpfs);
  CHECK(mount_at(*plan, "/run/pawl/inputs/manifest/web.yaml")->descriptor == kActionInputs);
  // Names of secrets may be in a plan's dump, variables that carry them never are before the spawn.
  CHECK(describe(*plan).find("DEPLOY_TOKEN") == std::string::npos);
  CHECK(secret_variable(role.actions[0].secrets[0], "v a=l") == "DEPLOY_TOKEN=v a=l");
}

TEST_CASE("an action may not write its own program or pawl's folders, nor read the latter") {
  const Policy policy = shipped();
  const Role& role = *policy.find_role("deployer");
  const auto complaint = [&](std::vector<std::string> read, std::vector<std::string> write,
                             std::string executable) {
    Action action = role.actions[0];
    action.read = std::move(read);
    action.write = std::move(write);
    ActionContext context = request();
    context.executable = std::move(executable);
    const auto plan = lower_action(role, action, context);
    return plan ? std::string() : plan.error().trail;
  };
  CHECK(complaint({"/opt/ship"}, {"/srv/state"}, "/opt/ship").empty());
  CHECK_THAT(complaint({}, {"/opt"}, "/opt/ship/bin"), Contains("it could write its own program"));
  CHECK_THAT(complaint({}, {"/var/lib"}, "/usr/bin/x"), Contains("is pawl's own"));
  CHECK_THAT(complaint({"/etc/pawl/secrets"}, {}, "/usr/bin/x"), Contains("is pawl's own"));
  CHECK_THAT(complaint({}, {}, "bin/x"), Contains("no canonical path"));
}

}  // namespace
}  // namespace pawl::policy
