// A workspace that is written to directly: what makes the host execute things is protected where it exists,
// and told where it appears.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::Finding;

namespace {

class DirectGround : public Ground {
 public:
  Outcome run(const std::string& script) const {
    sandbox::LaunchPlan plan = shell_plan(*this, script);
    plan.protections = {{"/workspace", {".envrc", "**/.git/hooks", "**/.git/config", "/ci"}}};
    const Outcome outcome = testing::run(*this, plan);
    INFO(outcome.failure.trail << " " << outcome.output);
    REQUIRE(outcome.launched);
    REQUIRE(outcome.exit_code() == 0);
    return outcome;
  }
  std::string appeared_after(const std::string& script) const {
    const Outcome outcome = run(script);
    std::string text;
    for (const sandbox::AppearedPath& one : outcome.appeared.paths)
      text += (one.what == Finding::repository ? "repository "
               : one.what == Finding::git_file ? "git file "
                                               : "") +
              one.path + "\n";
    if (outcome.appeared.more != 0) text += "and " + std::to_string(outcome.appeared.more) + " more\n";
    if (outcome.appeared.closed != 0) text += std::to_string(outcome.appeared.closed) + " closed\n";
    return text + outcome.appeared.failure;
  }
  void make_repository(const std::string& name) const {
    make_directory("workspace/" + name + "/objects");
    make_directory("workspace/" + name + "/refs");
    make_directory("workspace/" + name + "/hooks");
    write("workspace/" + name + "/HEAD", "ref: refs/heads/main\n");
    write("workspace/" + name + "/config", "[core]\n");
  }
};

}  // namespace

TEST_CASE("what makes the host execute things is told when it appeared in a direct workspace", "[appeared]") {
  const DirectGround ground;
  ground.write("workspace/.envrc", "old");
  ground.make_repository("lib.git");
  ground.make_directory("workspace/module");
  ground.write("workspace/module/.git", "gitdir: ../lib.git\n");
  CHECK(ground.appeared_after("echo text > file; mkdir folder; touch folder/envrc lib.git/index").empty());
  CHECK(ground.appeared_after("mkdir -p a/b; echo x > a/b/.envrc") == "/workspace/a/b/.envrc\n");
  CHECK(ground.appeared_after("mkdir stage; touch stage/run; mv stage ci") == "/workspace/ci\n");
  CHECK(ground.appeared_after("echo 'gitdir: ../lib.git' > a/.git") == "git file /workspace/a/.git\n");
  CHECK(ground.appeared_after("ln -s ../lib.git folder/.git") == "git file /workspace/folder/.git\n");
  // A repository by its content, whatever it is called, and told once.
  CHECK(ground.appeared_after(
            "mkdir -p x/y/objects x/y/refs x/y/hooks; touch x/y/HEAD x/y/config x/y/.envrc") ==
        "repository /workspace/x/y\n");
  CHECK(ground.appeared_after("mkdir -p z; touch z/HEAD; echo ../x/y > z/commondir") ==
        "repository /workspace/z\n");
  CHECK(ground.appeared_after("mkdir -p n/.git/hooks; touch n/.git/config") ==
        "/workspace/n/.git/config\n/workspace/n/.git/hooks\n");
  CHECK(ground.appeared_after("mkdir -p lib.git/info; echo '* filter=x' > lib.git/info/attributes") ==
        "/workspace/lib.git/info\n");
}

TEST_CASE("a folder that was moved away and made anew hides nothing", "[appeared]") {
  const DirectGround ground;
  ground.make_directory("workspace/a");
  ground.write("workspace/a/.envrc", "old");
  CHECK(ground.appeared_after("mv a b && mkdir a && echo evil > a/.envrc") ==
        "/workspace/a/.envrc\n/workspace/b/.envrc\n");
}

TEST_CASE("folders that the agent closed are counted", "[appeared]") {
  const DirectGround ground;
  CHECK(ground.appeared_after("mkdir shut; echo x > shut/.envrc; chmod 000 shut") == "1 closed\n");
}

TEST_CASE("the list of what appeared is bounded", "[appeared]") {
  const DirectGround ground;
  CHECK(ground.run("mkdir $(seq 150); for i in $(seq 150); do : > $i/.envrc; done").appeared.more == 50);
}

TEST_CASE("repositories and git files that exist are protected by their content", "[appeared][protect]") {
  const DirectGround ground;
  ground.make_repository("bare");
  ground.make_directory("workspace/bare/worktrees/one");
  ground.write("workspace/bare/worktrees/one/commondir", "../..\n");
  ground.make_directory("workspace/module");
  ground.write("workspace/module/.git", "gitdir: ../bare\n");
  const auto changes = [&](const std::string& script) {
    const Outcome outcome = ground.run("(" + script + ") 2>/dev/null && echo changed || echo kept");
    return outcome.output;
  };
  for (const char* attempt :
       {"echo '[core] fsmonitor=x' >> bare/config", "touch bare/hooks/post-checkout", "mv bare other",
        "rm bare/config", "mv bare/hooks bare/away", "echo gitdir: /tmp > module/.git", "rm module/.git",
        "echo x > bare/worktrees/one/commondir"}) {
    INFO(attempt);
    CHECK(changes(attempt) == "kept\n");
  }
  CHECK(changes("echo x > bare/refs/main && touch bare/objects/x bare/index") == "changed\n");
  CHECK(ground.read("workspace/bare/config") == "[core]\n");
}
