#include <catch2/catch.hpp>

#include "supervisor/policy/document.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using test::Files;

constexpr std::string_view role_file = "roles/shipper.toml";

TEST_CASE("other than ASCII stands in strings and comments only, and anything else is told with its place") {
  const auto parse = [](std::string_view text) { return parse_document("x.toml", text); };
  for (const std::string_view good :
       {"a = \"\u0399\u2003\" # \u0399", "a = '\u0399'\nb = 1 # \"\n",
        "a = \"\"\"x\n\u0399 \\\"\"\"\"\"\nb = 'c'", "\xef\xbb\xbf# \u0399\na = 1", "a = '''\u0399'''"}) {
    INFO(good);
    CHECK(parse(good));
  }
  for (const std::string_view bad :
       {"\u0399 = 1", "a = 1 \u0399", "[a\u0399]", "a = \"\"\"x\"\"\"\"\u0399", "a = ''\u2003"}) {
    INFO(bad);
    CHECK_FALSE(parse(bad));
  }
  const auto problem = parse("a = 1\nb\u0399 = 2");
  REQUIRE_FALSE(problem);
  CHECK(problem.error().line == 2);
  CHECK(problem.error().column == 2);
}

TEST_CASE("text that toml++ does not foresee is refused, and the broker goes on") {
  for (const std::string_view text : {"[#", "[[#", "[# x]\na = 1", "a = 1\n[\n"}) {
    INFO(text);
    const auto parsed = parse_document("x.toml", text);
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.error().message, Contains("not valid TOML: "));
  }
}

TEST_CASE("a home without mistakes becomes a policy") {
  const Policy policy = Files().policy();
  CHECK(policy.notes.empty());
  const Role* role = policy.find_role("shipper");
  REQUIRE(role != nullptr);
  CHECK(role->sandbox.files.workspace == WorkspaceMode::direct);
  CHECK(role->sandbox.files.workspace_reason == "it edits");
  CHECK(role->sandbox.keep_environment == std::vector<std::string>{"TERM"});
  CHECK(role->limits.tmp == std::uint64_t{1} << 30);
  REQUIRE(role->llm.size() == 1);
  CHECK(role->llm[0].upstream == "https://api.anthropic.com");
  CHECK(role->llm[0].use() == "llm:anthropic");
  const Action* action = role->find_action("ship");
  REQUIRE(action != nullptr);
  REQUIRE(action->parameters.size() == 2);
  CHECK(action->parameters[0].name == "what");
  CHECK(action->parameters[1].kind == ParameterKind::file);
  CHECK(action->parameters[1].max == 64 * 1024);
  CHECK(action->timeout == std::chrono::minutes(10));
  CHECK(policy.find_rule("pair")->expires == std::chrono::minutes(10));
  CHECK(policy.find_rule("one")->expires == std::chrono::minutes(15));
  CHECK(policy.find_person_by_uid(1001) == policy.find_person("bob"));
  CHECK(policy.find_person_by_uid(4242) == nullptr);
  CHECK(policy.find_person("alice")->keys == std::vector<std::string>{std::string(test::kAliceKey)});
  CHECK(policy.settings.action_user == "pawl-action");
}

TEST_CASE("limits are read as they are written, and are none but the usual ones when they are not") {
  const Policy usual = Files().policy();
  CHECK(usual.roles[0].limits.use.processes == kUsualProcesses);
  CHECK(usual.roles[0].limits.use.memory == 0);
  CHECK(usual.roles[0].limits.use.cpus == 0);
  CHECK(usual.roles[0].limits.use.enforcement == sandbox::Enforcement::required);
  CHECK(usual.roles[0].actions[0].output == 1 << 20);
  CHECK(usual.roles[0].actions[0].limits.use.processes == kUsualProcesses);

  const Policy policy =
      Files()
          .edit(role_file, "[[llm]]",
                "[limits]\nmemory = \"4 GiB\"\nprocesses = 512\ncpus = 2.5\nio = 50\nbest_effort = "
                "true\n[[llm]]")
          .append(role_file,
                  "output = \"64 KiB\"\nlimits = { tmp = \"1 MiB\", memory = \"64 MiB\", cpus = 3 }\n")
          .policy();
  const sandbox::Limits& use = policy.roles[0].limits.use;
  CHECK(use.memory == std::uint64_t{4} << 30);
  CHECK(use.processes == 512);
  CHECK(use.cpus == 250);
  CHECK(use.io_weight == 50);
  CHECK(use.enforcement == sandbox::Enforcement::best_effort);
  const Action& action = policy.roles[0].actions[0];
  CHECK(action.output == 64 * 1024);
  CHECK(action.limits.tmp == 1 << 20);
  CHECK(action.limits.use.memory == 64 << 20);
  CHECK(action.limits.use.cpus == 300);
  CHECK(action.limits.use.enforcement == sandbox::Enforcement::required);  // the role's is the session's
}

TEST_CASE("limits out of their bounds are refused") {
  const auto refused = [](const std::string& limit) {
    return Files().edit(role_file, "[[llm]]", "[limits]\n" + limit + "\n[[llm]]").refusals();
  };
  CHECK_THAT(refused("memory = \"15 MiB\""), Contains("'memory' must be at least 16 MiB"));
  CHECK_THAT(refused("memory = 4"), Contains("'memory' must be a text, not a whole number"));
  CHECK_THAT(refused("processes = 7"), Contains("'processes' must be from 8 to 1000000, not 7"));
  CHECK_THAT(refused("cpus = 0.001"),
             Contains("'cpus' must be from 0.01 to 1024, with two decimals at most"));
  for (const char* bad : {"0", "-1", "0.125", "1025", "nan", "inf", "-inf", "1e300"})
    CHECK_THAT(refused(std::string("cpus = ") + bad), Contains("'cpus' must be from"));
  CHECK_THAT(refused("cpus = \"2\""), Contains("'cpus' must be a number, not a text"));
  CHECK_THAT(refused("io = 0"), Contains("'io' must be from 1 to 10000"));
  CHECK_THAT(refused("best_effort = \"yes\""), Contains("'best_effort' must be true or false"));
  const auto action_refused = [](const std::string& line) {
    return Files().append(role_file, line + "\n").refusals();
  };
  CHECK_THAT(action_refused("output = \"17 MiB\""), Contains("'output' must be at most 16777216 bytes"));
  CHECK_THAT(action_refused("limits = { wall_time = \"1m\" }"), Contains("unknown key 'wall_time'"));
  CHECK_THAT(action_refused("limits = { processes = 1 }"), Contains("'processes' must be from 8"));
}

TEST_CASE("an unknown key is told with its place and the nearest known key") {
  CHECK(Files().edit(role_file, "approval = \"pair\"", "aproval = \"pair\"").refusals() ==
        "roles/shipper.toml:16:1: 'approval' is missing in action.ship\n"
        "roles/shipper.toml:22:1: unknown key 'aproval' (did you mean 'approval'?)\n");
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1", "qourum = 1").refusals(),
             Contains("approvals.toml:12:1: unknown key 'qourum' (did you mean 'quorum'?)"));
  CHECK_THAT(Files().append(role_file, "\nzzzzzzzz = 1\n").refusals(),
             Contains("unknown key 'zzzzzzzz' (policies/KEYS.md lists every key)"));
}

TEST_CASE("all semantic problems are told at once, in the order of the files") {
  const std::string text = Files()
                               .edit("approvals.toml", "quorum = 1", "quorum = 0")
                               .edit(role_file, "\"TERM\"", "\"AWS_SECRET_ACCESS_KEY\"")
                               .edit("secrets.toml", "require = \"floor\"", "require = \"flor\"")
                               .refusals();
  const auto quorum = text.find("'quorum' must be from 1 to 100, not 0");
  const auto variable = text.find("AWS_SECRET_ACCESS_KEY looks like a credential");
  const auto floor = text.find("no approval rule 'flor' (did you mean 'floor'?)");
  CHECK(quorum < variable);
  CHECK(variable < floor);
  CHECK(floor != std::string::npos);
}

TEST_CASE("a syntax error is told with its place, and hides behind no follow-up complaints") {
  const std::string text = Files().edit("people.toml", "[bob]", "[bob").refusals();
  CHECK_THAT(text, Contains("people.toml:6:5: not valid TOML: "));
  CHECK(std::ranges::count(text, '\n') == 1);
}

TEST_CASE("what the design names but this version lacks is refused, never ignored") {
  const auto refused = [](std::string_view file, std::string_view from, std::string_view to) {
    return Files().edit(file, from, to).refusals();
  };
  const std::string missing = "not available in this version";
  for (const std::string key : {"keep = []", "expose = []"})
    CHECK_THAT(refused(role_file, "[sandbox.files]\n", "[sandbox.files]\n" + key + "\n"),
               Contains("sandbox") || Contains(missing));
  for (const std::string key : {"keep", "expose"})
    CHECK_THAT(refused(role_file, "[sandbox.files]\n", "[sandbox.files]\n" + key + " = []\n"),
               Contains("roles/shipper.toml:6:1: '" + key + "' is " + missing));
  for (const std::string key : {"hosts = []", "secret_files = {}"})
    CHECK_THAT(refused(role_file, "approval = \"pair\"\n", "approval = \"pair\"\n" + key + "\n"),
               Contains(missing));
  CHECK_THAT(Files().append(role_file, "\n[[egress]]\nhost = \"example.com\"\n").refusals(),
             Contains(missing));
  CHECK_THAT(refused(role_file, "[sandbox.files]", "[sandbox]\nsyscalls = \"all\"\n[sandbox.files]"),
             Contains("'all' is not a set of system calls"));
  CHECK_THAT(refused(role_file, "[sandbox.files]", "[sandbox]\ncapabilities = [\"chown\"]\n[sandbox.files]"),
             Contains("'chown' would do nothing: one id is mapped into a sandbox"));
  CHECK_THAT(
      refused(role_file, "[sandbox.files]", "[sandbox]\ncapabilities = [\"sys_admin\"]\n[sandbox.files]"),
      Contains("'sys_admin' is never kept"));
  CHECK(refused(role_file, "[sandbox.files]",
                "[sandbox]\nsyscalls = \"build\"\ncapabilities = [\"net_bind_service\"]\n[sandbox.files]")
            .empty());
  CHECK_THAT(refused(role_file, "[sandbox.files]", "[sandbox]\nlandlock = 7\n[sandbox.files]"),
             Contains("'landlock' must be from 2 to 6, not 7"));
  const auto changed = [&](const std::string& entry) {
    return refused(role_file, "[sandbox.files]", "[sandbox]\n" + entry + "\n[sandbox.files]");
  };
  CHECK(changed("allow_syscalls = [{ name = \"ptrace\", reason = \"gdb\" }]\n"
                "deny_syscalls = [{ name = \"socket\", reason = \"no network at all\" }]")
            .empty());
  CHECK_THAT(changed("allow_syscalls = [{ name = \"mount\", reason = \"x\" }]"),
             Contains("'mount': no role can allow it: mounts"));
  CHECK_THAT(changed("allow_syscalls = [{ name = \"ptrace\" }]"), Contains("'reason'"));
  CHECK_THAT(changed("deny_syscalls = [{ name = \"execve\", reason = \"x\" }]"),
             Contains("'execve': pawl's own pid 1 needs it"));
  CHECK_THAT(changed("deny_syscalls = [{ name = \"ptrace\", reason = \"\" }]"), Contains("reason"));
  CHECK_THAT(changed("allow_syscalls = [{ name = \"ptrace\", reason = \"x\" }]\n"
                     "deny_syscalls = [{ name = \"ptrace\", reason = \"x\" }]"),
             Contains("'ptrace' is changed twice"));
  CHECK_THAT(refused("secrets.toml", "file = \"prod.token\"", "command = [\"/bin/pass\"]"),
             Contains(missing));
  CHECK_THAT(
      refused("secrets.toml", "require = \"floor\"", "require = { GET = \"none\", default = \"floor\" }"),
      Contains(missing));
  CHECK_THAT(refused("secrets.toml", "uses = [\"action:ship\"]", "uses = [\"egress:a.example.com:443\"]"),
             Contains(missing));
  CHECK_THAT(refused("pawl.toml", "audience", "readers = {}\naudience"), Contains(missing));
}

TEST_CASE("a role says its version, its name and how the workspace is shown") {
  CHECK_THAT(Files().edit(role_file, "pawl = 1\n", "").refusals(), Contains("'pawl' is missing"));
  CHECK_THAT(Files().edit(role_file, "pawl = 1", "pawl = 2").refusals(),
             Contains("'pawl' must be from 1 to 1, not 2"));
  CHECK_THAT(Files().edit(role_file, "\"shipper\"", "\"coder\"").refusals(),
             Contains("stands in a file of another name"));
  CHECK_THAT(Files().edit(role_file, "\"shipper\"", "\"Shipper\"").refusals(), Contains("is not a name"));
  CHECK_THAT(Files().edit(role_file, "workspace = \"direct\"\n", "").refusals(),
             Contains("'workspace' is missing"));
  CHECK_THAT(Files().edit(role_file, "workspace_reason = \"it edits\"\n", "").refusals(),
             Contains("needs a reason"));
  CHECK_THAT(Files().edit(role_file, "\"direct\"", "\"writable\"").refusals(),
             Contains("is not a way to show the workspace"));
}

TEST_CASE("an overlay needs no reason; what is hidden or protected lies below the workspace") {
  const auto showing = [](std::string_view lines) {
    return Files().edit(role_file, "workspace = \"direct\"\nworkspace_reason = \"it edits\"", lines);
  };
  const Policy policy =
      showing("workspace = \"overlay\"\nhide = [\"**/.env\", \"keys/\"]\nprotect = [\"ci/\"]").policy();
  const FileAccess& files = policy.find_role("shipper")->sandbox.files;
  CHECK(files.workspace == WorkspaceMode::overlay);
  CHECK(files.hide == std::vector<std::string>{"**/.env", "keys"});
  CHECK(files.protect == std::vector<std::string>{"ci"});
  CHECK(showing("workspace = \"overlay\"").refusals().empty());
  CHECK(showing("workspace = \"read-only\"\nhide = [\".env\"]").refusals().empty());
  CHECK_THAT(Files().edit(role_file, "[sandbox.env]", "hide = [\".env\"]\n[sandbox.env]").refusals(),
             Contains("roles/shipper.toml:9:1: a direct workspace hides nothing") &&
                 Contains("(workspace = \"overlay\" or \"read-only\")"));
  for (const char* bad : {"/", "../x", "a//b", "/etc/passwd/.."})
    for (const std::string key : {"hide", "protect"}) {
      INFO(key << " " << bad);
      CHECK_THAT(showing("workspace = \"overlay\"\n" + key + " = [\"" + bad + "\"]").refusals(),
                 Contains("is not a path below the workspace"));
    }
}

TEST_CASE("a role shows nothing that is too much or looks like a credential") {
  const auto reading = [](std::string_view path) {
    return Files()
        .edit(role_file, "[sandbox.env]", "read = [\"" + std::string(path) + "\"]\n[sandbox.env]")
        .refusals();
  };
  CHECK(reading("/opt/node").empty());
  CHECK(reading("~/.gitconfig").empty());
  CHECK_THAT(reading("/"), Contains("not a clean absolute path"));
  CHECK_THAT(reading("opt"), Contains("not a clean absolute path"));
  CHECK_THAT(reading("/opt/../etc"), Contains("not a clean absolute path"));
  CHECK_THAT(reading("~/../bob"), Contains("not a clean absolute path"));
  CHECK_THAT(reading("/etc"), Contains("too much of the host"));
  CHECK_THAT(reading("/home"), Contains("too much of the host"));
  CHECK_THAT(reading("/run/docker.sock"), Contains("no ordinary file"));
  CHECK_THAT(reading("~/.ssh"), Contains("looks like a credential (.ssh)"));
  CHECK_THAT(reading("/home/alice/.aws/config"), Contains("looks like a credential (.aws)"));
  CHECK_THAT(reading("/etc/shadow"), Contains("looks like a credential (shadow)"));
  CHECK_THAT(reading("/srv/tls/site.pem"), Contains("looks like a credential (site.pem)"));
}

TEST_CASE("a role keeps no variable that holds a credential or that pawl sets") {
  const auto keeping = [](std::string_view name) {
    return Files().edit(role_file, "\"TERM\"", "\"" + std::string(name) + "\"").refusals();
  };
  for (const char* fine : {"LANG", "LC_ALL", "TZ", "COLORTERM", "MY_PATH_LIST", "NO_COLOR"})
    CHECK(keeping(fine).empty());
  for (const char* credential :
       {"GITHUB_TOKEN", "aws_session", "NPM_PASSWORD", "SSH_AUTH_SOCK", "OPENSSL_KEY", "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS", "DATABASE_URL", "GH_PAT"})
    CHECK_THAT(keeping(credential), Contains("looks like a credential"));
  for (const char* own :
       {"PATH", "HOME", "LD_PRELOAD", "PAWL_SESSION", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY", "BASH_ENV"})
    CHECK_THAT(keeping(own), Contains("is set by pawl itself"));
  CHECK_THAT(keeping("A-B"), Contains("not the name of an environment variable"));
}

TEST_CASE("an action's program is a fixed absolute path and every parameter has its place") {
  const auto running = [](std::string_view run) {
    return Files()
        .edit(role_file, "run = [\"/usr/bin/ship\", \"{what}\", \"--file={input}\"]",
              "run = " + std::string(run))
        .refusals();
  };
  CHECK_THAT(running(R"(["ship", "{what}", "{input}"])"), Contains("not a clean absolute path"));
  CHECK_THAT(running(R"(["/usr/bin/../x", "{what}", "{input}"])"), Contains("not a clean absolute path"));
  CHECK_THAT(running(R"(["/usr/bin/{what}", "{input}"])"), Contains("a parameter in the program's own path"));
  CHECK_THAT(running(R"(["/usr/bin/ship", "{what}", "{input}", "{more}"])"),
             Contains("{more} is not declared"));
  CHECK_THAT(running(R"(["/usr/bin/ship", "{what}"])"), Contains("parameter 'input' is never used"));
  CHECK_THAT(running(R"(["/bin/sh", "-c", "ship {what}", "{input}"])"),
             Contains("inside code that sh would run"));
  CHECK_THAT(running("[]"), Contains("'run' is empty"));
  CHECK(running(R"(["/bin/sh", "/usr/bin/ship", "{what}", "{input}", "{}", "{ not one }"])").empty());
}

TEST_CASE("a parameter is bounded by a pattern or is a file") {
  const auto taking = [](std::string_view table) {
    return Files().edit(role_file, "{ match = \"[a-z-]{1,30}\" }", table).refusals();
  };
  CHECK_THAT(taking("{}"), Contains("parameter 'what' may be anything"));
  CHECK_THAT(taking("{ match = \"[a-z\" }"), Contains("bad pattern"));
  CHECK_THAT(taking("{ match = \"(?=x)\" }"), Contains("bad pattern"));
  CHECK_THAT(taking("{ match = \"x\", max = \"1 KiB\" }"), Contains("'max' is for files"));
  CHECK_THAT(taking("{ file = true, match = \"x\" }"), Contains("does not apply to a file"));
  CHECK_THAT(taking("{ file = true, max = \"1 MB\" }"), Contains("is not a size"));
  CHECK_THAT(taking("{ match = \"x\", typ = 1 }"), Contains("unknown key 'typ'"));
  CHECK_THAT(taking("\"x\""), Contains("must be a table"));
  CHECK(taking("{ match = \"x\", allow_dash = true }").empty());
}

TEST_CASE("an action writes and reads only named, ordinary places") {
  const auto with = [](std::string_view line) {
    return Files()
        .edit(role_file, "approval = \"pair\"\n", "approval = \"pair\"\n" + std::string(line) + "\n")
        .refusals();
  };
  CHECK(with("read = [\"/etc/ship.conf\"]\nwrite = [\"/var/lib/ship\"]").empty());
  CHECK_THAT(with("write = [\"/usr/local\"]"), Contains("belongs to the system"));
  CHECK_THAT(with("write = [\"/\"]"), Contains("not a clean absolute path"));
  CHECK_THAT(with("read = [\"/proc/1\"]"), Contains("no ordinary file"));
  CHECK_THAT(with("timeout = \"10\""), Contains("is not a time"));
  CHECK_THAT(with("timeout = \"48h\""), Contains("at most 86400 seconds"));
  CHECK_THAT(with("timeout = \"99999999999999999999h\""), Contains("is not a time"));
}

TEST_CASE("a secret's variable steers no program") {
  for (const std::string name : {"PATH", "LD_PRELOAD", "BASH_ENV", "PAWL_X", "NODE_OPTIONS"})
    CHECK_THAT(Files().edit(role_file, "SHIP_TOKEN", name).refusals(), Contains("may carry a secret"));
}

TEST_CASE("a model route names a protocol and an origin") {
  const auto route = [](std::string_view lines) {
    return Files().edit(role_file, "name = \"anthropic\"\nsecret = \"model\"", lines).refusals();
  };
  CHECK(route("name = \"gemini\"").empty());
  CHECK(route("name = \"local\"\napi = \"openai\"\nupstream = \"http://127.0.0.1:8080\"").empty());
  CHECK_THAT(route("name = \"local\""), Contains("is not a model protocol"));
  CHECK_THAT(route("name = \"local\"\napi = \"openai\""), Contains("has no upstream"));
  CHECK_THAT(route("name = \"local\"\napi = \"openai\"\nupstream = \"http://127.0.0.1:9\""),
             Contains("is not listed"));
  CHECK_THAT(route("name = \"local\"\napi = \"openai\"\nupstream = \"http://models.example.com:80\""),
             Contains("is not listed"));
  for (const std::string bad :
       {"https://a.example.com/v1", "https://", "https://user@a.example.com", "ftp://a.example.com",
        "https://A.example.com", "https://a.example.com:0", "https://a.example.com:70000", "http://a"})
    CHECK_THAT(route("name = \"local\"\napi = \"openai\"\nupstream = \"" + bad + "\""),
               Contains("is not an origin"));
  CHECK_THAT(Files().append(role_file, "\n[[llm]]\nname = \"anthropic\"\n").refusals(),
             Contains("a second route"));
}

TEST_CASE("a second action of one name is refused") {
  CHECK_THAT(
      Files()
          .append(role_file, "\n[[action]]\nname = \"ship\"\nrun = [\"/bin/true\"]\napproval = \"pair\"\n")
          .refusals(),
      Contains("a second action named 'ship'"));
}

TEST_CASE("values of the wrong kind are told, not converted") {
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1", "quorum = \"1\"").refusals(),
             Contains("'quorum' must be a whole number, not a text"));
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1", "quorum = 1.5").refusals(),
             Contains("must be a whole number"));
  CHECK_THAT(Files().edit(role_file, "name = \"ship\"", "name = [\"ship\"]").refusals(),
             Contains("must be a text, not a list"));
  CHECK_THAT(Files().edit("approvals.toml", "[one]", "stray = 1\n[one]").refusals(),
             Contains("unknown key 'stray'"));
  CHECK_THAT(Files().set("approvals.toml", "quorum = 1\n").refusals(),
             Contains("stands outside of any rule"));
}

TEST_CASE("invisible and control characters are refused wherever a text stands") {
  CHECK_THAT(Files().edit(role_file, "\"it edits\"", "\"it \\u202Eedits\"").refusals(),
             Contains("a direction control (U+202E)"));
  CHECK_THAT(Files().edit(role_file, "\"it edits\"", "\"it \\u001Bedits\"").refusals(),
             Contains("a control character (U+001B)"));
  CHECK_THAT(Files().edit(role_file, "\"{what}\"", "\"{what}\", \"a\\nb\"").refusals(),
             Contains("a control character (U+000A)"));
}

TEST_CASE("settings name the broker, and only loopback may go without TLS") {
  CHECK_THAT(Files().edit("pawl.toml", "test.example.com", "a b").refusals(),
             Contains("is not a name for a broker"));
  CHECK_THAT(Files().edit("pawl.toml", "127.0.0.1:8080", "10.0.0.1:8080").refusals(),
             Contains("is not a loopback address"));
  CHECK_THAT(Files().edit("pawl.toml", "127.0.0.1:8080", "127.0.0.1").refusals(),
             Contains("is not a loopback address"));
  CHECK_THAT(Files().append("pawl.toml", "action_user = \"root\"\n").refusals(),
             Contains("is not a user for actions"));
  CHECK_THAT(Files().append("pawl.toml", "[notify]\ncommand = [\"mail\"]\n").refusals(),
             Contains("clean absolute path"));
  CHECK_THAT(Files(HomeKind::embedded).append("pawl.toml", "action_user = \"runner\"\n").refusals(),
             Contains("means nothing in an embedded home"));
}

TEST_CASE("a home without pawl.toml, or with a file that is none of its own, is refused") {
  std::vector<SourceFile> files = Files().sources();
  std::erase_if(files, [](const SourceFile& file) { return file.name == "pawl.toml"; });
  const auto built = build({.kind = HomeKind::system}, files);
  REQUIRE_FALSE(built);
  CHECK_THAT(text_of(built.error()), Contains("there is no pawl.toml (pawl init"));
  CHECK_THAT(Files().set("aprovals.toml", "").refusals(), Contains("not a policy file"));
}

}  // namespace
}  // namespace pawl::policy
