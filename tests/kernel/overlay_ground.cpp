#include "tests/kernel/overlay_ground.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
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

Outcome OverlayGround::run(const std::string& script) const {
  sandbox::LaunchPlan changed = plan;
  changed.argv = {"sh", "-c", script};
  const UniqueFd files(::open(workspace().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd changes(::open((path() + "/session").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return testing::run(*this, changed, {.as = as, .descriptors = {files.get(), changes.get()}});
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
