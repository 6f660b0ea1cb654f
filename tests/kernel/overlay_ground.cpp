#include "tests/kernel/overlay_ground.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

namespace pawl::testing {
namespace {

// After stdin and output.
constexpr std::uint32_t kWorkspace = 2;
constexpr std::uint32_t kChanges = 3;

}  // namespace

OverlayGround::OverlayGround(const std::string& place) : Ground(place), plan(shell_plan(*this, "")) {
  make_directory("session/upper");
  make_directory("session/work");
  workspace_mount() = {.kind = sandbox::MountKind::overlay,
                       .target = "/workspace",
                       .descriptor = kWorkspace,
                       .changes = kChanges};
}

OverlayGround::Folders OverlayGround::open_folders() const {
  return {UniqueFd(::open(workspace().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
          UniqueFd(::open((path() + "/session").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
}

Outcome OverlayGround::run(const std::string& script) const {
  sandbox::LaunchPlan changed = plan;
  changed.argv = {"sh", "-c", script};
  const Folders folders = open_folders();
  return testing::run(*this, changed, {.as = as, .descriptors = folders.numbers()});
}

std::string OverlayGround::output(const std::string& script) const {
  const Outcome outcome = run(script + "\n");
  INFO(outcome.failure.trail << " " << outcome.failure.errnum << " " << outcome.failure.remedy);
  REQUIRE(outcome.launched);
  return outcome.output;
}

int OverlayGround::attempt(const std::vector<std::string>& words) const {
  std::string line = "exec /probe";
  for (const std::string& word : words) line += " '" + word + "'";
  const Outcome outcome = run(line);
  INFO(outcome.failure.trail << " " << outcome.failure.errnum << " " << outcome.failure.remedy);
  REQUIRE(outcome.launched);
  return outcome.exit_code();
}

bool OverlayGround::is_mounted() const {
  const std::string options =
      "lowerdir=" + workspace() + ",upperdir=" + upper() + ",workdir=" + path() + "/session/work,index=on";
  const std::string place = workspace();
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(EPERM);
    if (::mount("overlay", place.c_str(), "overlay", 0, options.c_str()) != 0) ::_exit(errno);
    ::_exit(::umount(place.c_str()) == 0 ? 0 : errno);
  }
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EBUSY));
  return WEXITSTATUS(status) != 0;
}

void OverlayGround::discard() const {
  namespace fs = std::filesystem;
  for (const std::string name : {"/session/upper", "/session/work"}) {
    // overlayfs leaves work/work at mode 000.
    std::error_code ignored;
    fs::permissions(path() + name + "/work", fs::perms(0700), ignored);
    fs::remove_all(path() + name);
  }
  make_directory("session/upper");
  make_directory("session/work");
}

}  // namespace pawl::testing
