// What a command finds in a sandbox, and how it ends.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::Init;
using sandbox::MountKind;
using sandbox::ReportKind;

namespace {

std::map<std::string, std::string> facts_of(const Ground& ground, const sandbox::LaunchPlan& plan,
                                            const Session::Options& options = Session::Options{}) {
  const Outcome outcome = run(ground, plan, options);
  INFO(outcome.failure.trail << " " << outcome.failure.errnum << " " << outcome.failure.remedy);
  REQUIRE(outcome.launched);
  INFO(outcome.output);
  REQUIRE(outcome.exit_code() == 0);
  return outcome.facts();
}

std::string namespace_of_host(const std::string& kind) {
  char text[64] = {};
  const ssize_t size = ::readlink(("/proc/self/ns/" + kind).c_str(), text, sizeof(text));
  return {text, static_cast<std::size_t>(size)};
}

void spoil_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
}

}  // namespace

TEST_CASE("a shell runs in the sandbox and sees only the plan's root", "[launch]") {
  const Ground ground;
  const Outcome outcome = run(ground, shell_plan(ground, "id -u; echo /*"));
  INFO(outcome.failure.trail << " " << outcome.failure.errnum << " " << outcome.failure.remedy);
  REQUIRE(outcome.launched);
  CHECK(outcome.output == std::to_string(ordinary_user().uid) +
                              "\n/bin /dev /etc /lib /lib64 /probe /proc /tmp /usr /workspace\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("a command has no rights and no traces of its launcher", "[launch]") {
  const Ground ground;
  auto facts =
      facts_of(ground, probe_plan(ground, {"facts"}), {.environment = {"SECRET=launcher", "PATH=/usr/bin"}});
  SECTION("its uid is the ordinary user's, never 0") {
    CHECK(facts["uid"] == std::to_string(ordinary_user().uid));
    CHECK(facts["gid"] == std::to_string(ordinary_user().gid));
  }
  SECTION("it has no capability and can get none") {
    for (const char* set : {"CapEff:", "CapPrm:", "CapInh:", "CapBnd:", "CapAmb:"})
      CHECK(facts[set] == "0000000000000000");
    CHECK(facts["NoNewPrivs:"] == "1");
  }
  SECTION("it is under one filter, besides those of its host") {
    CHECK(facts["Seccomp:"] == "2");
    auto host = unconfined(ground, {"facts"}).facts();
    CHECK(std::stoi(facts["Seccomp_filters:"]) == std::stoi(host["Seccomp_filters:"]) + 1);
  }
  SECTION("its namespaces are its own") {
    for (const std::string kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
      CHECK(facts["ns_" + kind].starts_with(kind + ":["));
      CHECK(facts["ns_" + kind] != namespace_of_host(kind));
    }
  }
  SECTION("it has descriptors 0 to 2 only") { CHECK(facts["fds"] == "0 1 2 "); }
  SECTION("its limits are set") {
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    CHECK(facts["core"] == (core.rlim_max == 0 ? "0" : "1"));
    CHECK(std::stoul(facts["files"]) <= 65536);
    CHECK(facts["umask"] == std::to_string(022));
    CHECK(std::stoi(facts["oom"]) >= 500);
  }
  SECTION("it starts where the plan says, on a host named by the plan") {
    CHECK(facts["cwd"] == "/workspace");
    CHECK(facts["hostname"] == "pawl");
  }
  SECTION("it shares pid 1's session, in a process group of its own") {
    CHECK(facts["pid"] != "1");
    CHECK(facts["sid"] == "1");
    CHECK(facts["sid_of_1"] == "1");
    CHECK(facts["pgid"] == facts["pid"]);
  }
}

TEST_CASE("without an init the command is pid 1, in a session of its own", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  plan.init = Init::none;
  auto facts = facts_of(ground, plan);
  CHECK(facts["pid"] == "1");
  CHECK(facts["sid"] == "1");
  CHECK(facts["pgid"] == "1");
}

TEST_CASE("the environment is exactly the plan's", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  plan.environment = {"PATH=/usr/bin:/bin", "A=1"};
  plan.inherit = {"LANG", "ABSENT"};
  const Outcome outcome = run(ground, plan,
                              {.environment = {"SECRET=launcher", "LANG=launcher"},
                               .variables = {"LANG=C.UTF-8", "ABSENTEE=1", "SECRET=client"}});
  std::string seen;
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("env:")) seen += line + "\n";
  CHECK(seen == "env:PATH=/usr/bin:/bin\nenv:A=1\nenv:LANG=C.UTF-8\n");
}

TEST_CASE("a sandbox is the same whether or not its launcher prepared", "[launch]") {
  const Ground ground;
  const std::string script =
      "cat /proc/net/dev | wc -l; ulimit -a; grep -E 'Cap|Seccomp|Groups' /proc/self/status; cat "
      "/proc/self/mountinfo | cut -d' ' -f4-6";
  const Outcome prepared = run(ground, shell_plan(ground, script), {.prepare = Prepare::where_it_fits});
  const Outcome at_once = run(ground, shell_plan(ground, script), {.prepare = Prepare::never});
  CHECK(prepared.output.find("Seccomp:\t2") != std::string::npos);
  CHECK(prepared.output == at_once.output);
}

TEST_CASE("what was prepared is for no other plan", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  plan.network = sandbox::Network::none;
  const Outcome outcome = run(ground, plan, {.prepare = Prepare::always});
  CHECK_FALSE(outcome.launched);
  CHECK(outcome.failure.trail == "kernel test: what was prepared does not fit the plan");
  if (!running_as_root()) return;
  plan = probe_plan(ground, {"facts"});
  plan.uid = ordinary_user().uid;
  plan.gid = ordinary_user().gid;
  CHECK_FALSE(run(ground, plan, {.as = As::root, .prepare = Prepare::always}).launched);
}

TEST_CASE("descriptors that leak into the launcher do not reach the command", "[launch]") {
  const Ground ground;
  ground.write("secret", "secret");
  const int leaked = ::open((ground.path() + "/secret").c_str(), O_RDONLY);
  REQUIRE(leaked >= 0);
  auto facts = facts_of(ground, probe_plan(ground, {"facts"}), {.leaked = {leaked, leaked}});
  ::close(leaked);
  CHECK(facts["fds"] == "0 1 2 ");
}

TEST_CASE("kept descriptors arrive as 3, 4, … in the plan's order", "[launch]") {
  const Ground ground;
  ground.write("first", "1");
  ground.write("second", "22");
  const UniqueFd first(::open((ground.path() + "/first").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd second(::open((ground.path() + "/second").c_str(), O_RDONLY | O_CLOEXEC));
  sandbox::LaunchPlan plan = shell_plan(ground, "cat <&4; echo; cat <&3; ls /proc/self/fd | tr '\\n' ' '");
  plan.keep = {3, 2};  // after the two of the session: first is 2, second is 3
  const Outcome outcome = run(ground, plan, {.descriptors = {first.get(), second.get()}});
  CHECK(outcome.output == "1\n220 1 2 3 4 5 ");  // 5 is the listing's own
}

TEST_CASE("signals are at their defaults, whatever the launcher inherited", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  for (const Init init : {Init::none, Init::reaper}) {
    plan.init = init;
    auto facts = facts_of(ground, plan, {.before_exec = spoil_signals});
    CHECK(facts["SigIgn:"] == "0000000000000000");
    CHECK(facts["SigBlk:"] == "0000000000000000");
  }
}

TEST_CASE("the launch reports how the command ended", "[launch]") {
  const Ground ground;
  SECTION("exit status") { CHECK(run(ground, probe_plan(ground, {"exit", "42"})).exit_code() == 42); }
  SECTION("a signal is 128 and its number, as shells report it") {
    CHECK(run(ground, probe_plan(ground, {"die", std::to_string(SIGSEGV)})).exit_code() == 128 + SIGSEGV);
  }
  SECTION("a command that does not exist is 127, and said") {
    sandbox::LaunchPlan plan = probe_plan(ground, {});
    plan.argv = {"no-such-command"};
    const Outcome outcome = run(ground, plan);
    CHECK(outcome.exit_code() == 127);
    CHECK(outcome.output == "pawl: cannot run no-such-command: No such file or directory\n");
  }
  SECTION("one that a shell has to run, found in PATH, behind one that may not be executed") {
    ground.make_directory("workspace/no");
    ground.make_directory("workspace/yes");
    ground.write("workspace/no/greet", "echo not this one\n");
    ground.write("workspace/yes/greet", "echo \"greeted $0 $1\"\n");
    ::chmod((ground.workspace() + "/yes/greet").c_str(), 0755);
    sandbox::LaunchPlan plan = probe_plan(ground, {});
    plan.environment = {"PATH=/nowhere:/workspace/no:/workspace/yes:/usr/bin"};
    plan.argv = {"greet", "alice"};
    CHECK(run(ground, plan).output == "greeted /workspace/yes/greet alice\n");
    plan.argv = {"greet2"};
    CHECK(run(ground, plan).exit_code() == 127);
    ground.write("workspace/no/greet2", "echo not this one\n");
    CHECK(run(ground, plan).exit_code() == 126);
  }
  SECTION("a script without a shell keeps its name") {
    ground.make_directory("workspace/yes");
    ground.write("workspace/yes/greet", "echo unreachable\n");
    ::chmod((ground.workspace() + "/yes/greet").c_str(), 0755);
    sandbox::LaunchPlan plan = probe_plan(ground, {});
    std::erase_if(plan.mounts, [](const sandbox::Mount& m) { return m.target == "/bin"; });
    plan.environment = {"PATH=/workspace/yes:/nowhere"};
    plan.argv = {"greet"};
    const Outcome outcome = run(ground, plan);
    CHECK(outcome.exit_code() == 127);
    CHECK(outcome.output == "pawl: cannot run greet: No such file or directory\n");
  }
  SECTION("one that is not executable is 126") {
    sandbox::LaunchPlan plan = probe_plan(ground, {});
    plan.argv = {"/etc/passwd"};
    CHECK(run(ground, plan).exit_code() == 126);
  }
  SECTION("without an init it is a failed launch") {
    sandbox::LaunchPlan plan = probe_plan(ground, {});
    plan.argv = {"no-such-command"};
    plan.init = Init::none;
    const Outcome outcome = run(ground, plan);
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.errnum == ENOENT);
    CHECK(outcome.failure.trail == "kernel test: execute");
  }
}

TEST_CASE("the command's words reach it unchanged", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"printf", "%s|", "a b", "", "\x1b[31m", "new\nline", "--", "*"};
  CHECK(run(ground, plan).output == "a b||\x1b[31m|new\nline|--|*|");
}

TEST_CASE("a command can be executed by descriptor", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  SECTION("a program") {
    const UniqueFd program(::open(ground.probe().c_str(), O_RDONLY | O_CLOEXEC));
    plan.argv = {"some-name", "facts"};
    plan.executable = 2;
    auto facts = facts_of(ground, plan, {.descriptors = {program.get()}});
    CHECK(facts["fds"] == "0 1 2 ");
  }
  SECTION("a script") {
    ground.write("script", "#!/bin/sh\necho \"script says $1\"\n");
    ::chmod((ground.path() + "/script").c_str(), 0755);
    const UniqueFd script(::open((ground.path() + "/script").c_str(), O_RDONLY | O_CLOEXEC));
    plan.argv = {"script", "hello"};
    plan.executable = 2;
    CHECK(run(ground, plan, {.descriptors = {script.get()}}).output == "script says hello\n");
  }
}

TEST_CASE("stdin and stdout are the client's pipes", "[launch]") {
  const Ground ground;
  Session session(ground, shell_plan(ground, "read line; echo \"got $line\"; [ -t 0 ] || echo no terminal"));
  REQUIRE(session.launched());
  session.type("a line\n");
  CHECK(session.finish().output == "got a line\nno terminal\n");
}

TEST_CASE("a terminal is the sandbox's own and controls the command", "[launch][terminal]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  for (const Init init : {Init::reaper, Init::none}) {
    plan.init = init;
    plan.stdio = {{sandbox::Stdio::terminal}, {sandbox::Stdio::terminal}, {sandbox::Stdio::descriptor, 1}};
    plan.argv = {"sh", "-c", "read line; (/probe facts; tty) >&2"};  // 1 and 2 are the pipe then
    Session session(ground, plan);
    REQUIRE(session.launched());
    REQUIRE(session.handed().size() == 2);
    const int master = session.handed()[1].get();
    const winsize window{.ws_row = 43, .ws_col = 121, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(::ioctl(master, TIOCSWINSZ, &window) == 0);
    REQUIRE(::write(master, "go\n", 3) == 3);
    const Outcome outcome = session.finish();
    auto facts = outcome.facts();
    CHECK(facts["tty"] == "100");
    CHECK(facts["controlling"] == "yes");
    CHECK(facts["rows"] == "43");
    CHECK(facts["foreground"] == facts["pgid"]);
    CHECK(outcome.output.find("/dev/pts/0\n") != std::string::npos);
  }
}

TEST_CASE("Ctrl-C and a resize reach the command through its terminal", "[launch][terminal]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"signals"});
  plan.stdio = {{sandbox::Stdio::terminal}, {sandbox::Stdio::descriptor, 1}, {sandbox::Stdio::descriptor, 1}};
  Session session(ground, plan);
  REQUIRE(session.launched());
  REQUIRE(session.sees("waiting"));
  const int master = session.handed()[1].get();
  REQUIRE(::write(master, "\x03", 1) == 1);
  CHECK(session.sees("signal=" + std::to_string(SIGINT)));
  const winsize window{.ws_row = 50, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  REQUIRE(::ioctl(master, TIOCSWINSZ, &window) == 0);
  CHECK(session.sees("signal=" + std::to_string(SIGWINCH)));
}

TEST_CASE("signals reach the command through the launcher", "[launch]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"signals"}));
  REQUIRE(session.launched());
  REQUIRE(session.sees("waiting"));
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    session.send({.kind = CommandKind::signal, .number = static_cast<std::uint32_t>(number)});
    CHECK(session.sees("signal=" + std::to_string(number)));
  }
  SECTION("by the client's word") { session.send({.kind = CommandKind::signal, .number = SIGTERM}); }
  SECTION("or sent to the launcher itself") { ::kill(session.launcher(), SIGTERM); }
  CHECK(session.finish(3s).exit_code() == 0);
}

TEST_CASE("started as root, the sandbox runs as the plan's user", "[launch][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  SECTION("with its uid, gid and no groups of root") {
    plan.uid = plan.gid = kOrdinaryId;
    plan.argv = {"sh", "-c", "/probe facts; echo groups=$(id -G)"};
    auto facts = facts_of(ground, plan, {.as = As::root});
    CHECK(facts["uid"] == std::to_string(kOrdinaryId));
    CHECK(facts["groups"] == std::to_string(kOrdinaryId));
    CHECK(facts["CapBnd:"] == "0000000000000000");
  }
  SECTION("also where only the caller can reach what it hands over") {
    ground.make_directory("closed/inner");
    ground.write("closed/inner/file", "handed");
    REQUIRE(::chown((ground.path() + "/closed").c_str(), 0, 0) == 0);
    REQUIRE(::chmod((ground.path() + "/closed").c_str(), 0700) == 0);
    const UniqueFd folder(::open((ground.path() + "/closed/inner").c_str(), O_PATH | O_CLOEXEC));
    const UniqueFd file(::open((ground.path() + "/closed/inner/file").c_str(), O_RDONLY | O_CLOEXEC));
    plan.uid = plan.gid = kOrdinaryId;
    plan.mounts.push_back({.kind = MountKind::read_only, .target = "/run/folder", .descriptor = 2});
    plan.mounts.push_back({.kind = MountKind::read_only, .target = "/run/input", .descriptor = 3});
    plan.argv = {"sh", "-c",
                 "cat /run/folder/file /run/input; touch /run/folder/new 2>/dev/null || echo ' sealed'"};
    CHECK(run(ground, plan, {.as = As::root, .descriptors = {folder.get(), file.get()}}).output ==
          "handedhanded sealed\n");
  }
  SECTION("without a uid in the plan it refuses") {
    const Outcome outcome = run(ground, plan, {.as = As::root});
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.trail == "kernel test: started as root without a uid to run the sandbox as");
    CHECK(outcome.failure.remedy.find("ordinary user") != std::string::npos);
  }
}

TEST_CASE("what cannot be built is refused with its cause, and nothing runs", "[launch]") {
  const Ground ground;
  sandbox::LaunchPlan plan = shell_plan(ground, "touch /workspace/ran");
  SECTION("a missing source is named") {
    plan.mounts.push_back({.kind = MountKind::read_only, .target = "/opt/tool", .source = "/no/such/folder"});
    const Outcome outcome = run(ground, plan);
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.errnum == ENOENT);
    CHECK(outcome.failure.trail.starts_with("kernel test: bind /no/such/folder at /opt/tool"));
    CHECK_FALSE(outcome.failure.remedy.empty());
  }
  SECTION("unless it may be absent") {
    plan.mounts.push_back({.kind = MountKind::read_only,
                           .target = "/opt/tool",
                           .source = "/no/such/folder",
                           .presence = sandbox::Presence::if_present});
    CHECK(run(ground, plan).launched);
    return;
  }
  SECTION("a missing workspace is named") {
    plan.mounts.back().source = ground.path() + "/gone";
    CHECK(run(ground, plan).failure.trail.find(ground.path() + "/gone") != std::string::npos);
  }
  SECTION("a working directory outside the plan") {
    plan.directory = "/home/nobody";
    const Outcome outcome = run(ground, plan);
    CHECK(outcome.failure.trail == "kernel test: enter the working directory");
    CHECK(outcome.failure.errnum == ENOENT);
  }
  SECTION("a user to become without the right to") {
    plan.uid = plan.gid = 4242;
    const Outcome outcome = run(ground, plan);
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.errnum == EPERM);
    CHECK(outcome.failure.remedy.find("CAP_SETUID") != std::string::npos);
  }
  SECTION("a mount point that the host's folder lacks is not made there") {
    plan.mounts.push_back({.kind = MountKind::tmpfs, .target = "/workspace/cache", .size = 1u << 20});
    CHECK(run(ground, plan).failure.trail.find("does not exist in what is bound at /workspace") !=
          std::string::npos);
    CHECK(::access((ground.workspace() + "/cache").c_str(), F_OK) != 0);
  }
  SECTION("a malformed plan") {
    plan.stdio.pop_back();
    CHECK(run(ground, plan).failure.trail == "launch plan: needs exactly three stdio entries");
  }
  CHECK(::access((ground.workspace() + "/ran").c_str(), F_OK) != 0);
}

TEST_CASE("mounts may nest where the plan made room", "[launch]") {
  const Ground ground;
  ground.make_directory("workspace/cache");
  sandbox::LaunchPlan plan = shell_plan(ground, "");
  plan.mounts.push_back({.kind = MountKind::tmpfs, .target = "/workspace/cache", .size = 1u << 20});
  plan.mounts.push_back({.kind = MountKind::tmpfs, .target = "/home", .size = 1u << 20});
  plan.mounts.push_back({.kind = MountKind::directory, .target = "/home/agent/.config"});
  plan.mounts.push_back({.kind = MountKind::file, .target = "/home/agent/.gitconfig", .source = "[user]\n"});
  plan.argv = {"sh", "-c",
               "touch /workspace/cache/x /home/agent/y /workspace/z; cat /home/agent/.gitconfig; cd "
               "/home/agent; echo .[a-z]*"};
  CHECK(run(ground, plan).output == "[user]\n.config .gitconfig\n");
  CHECK(::access((ground.workspace() + "/z").c_str(), F_OK) == 0);
  CHECK(::access((ground.workspace() + "/cache/x").c_str(), F_OK) != 0);
}
