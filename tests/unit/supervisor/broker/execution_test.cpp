// What an execution says of its end when all it hears is that its launcher is gone.
#include "supervisor/broker/execution.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

using namespace pawl;
namespace fs = std::filesystem;
using broker::ExecutionResult;

namespace {

// Begun with a launcher that is a shell script.
ExecutionResult run_with(const std::string& script) {
  std::string folder = "/tmp/pawl-execution-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string launcher = folder + "/launcher";
  std::ofstream(launcher) << "#!/bin/sh\n" << script;
  ::chmod(launcher.c_str(), 0755);
  broker::Loop loop;
  auto spawner = broker::Spawner::start(launcher);
  REQUIRE(spawner);
  broker::Execution::Start start;
  start.executable = UniqueFd(::open("/bin/true", O_PATH | O_CLOEXEC));
  std::optional<ExecutionResult> result;
  const auto execution =
      broker::Execution::begin(loop, *spawner, std::move(start), [&](ExecutionResult heard) {
        result = std::move(heard);
        loop.stop();
      });
  const auto late = loop.after(std::chrono::seconds(10), [&] { loop.stop(); });
  loop.run();
  fs::remove_all(folder);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("of a launcher that took the plan and died without a word nobody says that nothing had begun") {
  const auto result = run_with("dd bs=65536 count=1 <&3 >/dev/null 2>&1\nkill -KILL $$\n");
  CHECK(result.ending == approval::Ending::signalled);
  CHECK(result.code == SIGKILL);
  CHECK(result.detail.find("did not say whether anything had begun") != std::string::npos);
}
