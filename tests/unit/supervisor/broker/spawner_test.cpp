// The spawner starts exactly two kinds of program, with nothing of the broker's in their hands.
#include "supervisor/broker/spawner.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace pawl;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string name = "/tmp/pawl-spawner-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string script(const std::string& text) const {
    const std::string file = path + "/script";
    std::ofstream(file) << "#!/bin/sh\n" << text;
    ::chmod(file.c_str(), 0755);
    return file;
  }
  std::string wait_for(const std::string& name) const {
    for (int i = 0; i < 200; ++i) {
      std::ifstream file(path + "/" + name);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.ends_with("end\n")) return text;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "";
  }
  std::string path;
};

}  // namespace

TEST_CASE("a launcher finds its control channel as descriptor 3, nothing above it, and a bare environment") {
  const Folder folder;
  ::setenv("PAWL_TEST_SECRET", "leaked", 1);
  const auto spawner = broker::Spawner::start(
      folder.script("exec > " + folder.path + "/out\nls /proc/$$/fd\nenv\necho end\n"));
  REQUIRE(spawner);
  const auto control = spawner->launch();
  REQUIRE(control);
  const std::string out = folder.wait_for("out");
  INFO(out);
  CHECK(out.find("\n3\n") != std::string::npos);
  CHECK(out.find("PAWL_TEST_SECRET") == std::string::npos);
  CHECK(out.find("HOME=") == std::string::npos);
  // The shell itself opens 1 (redirected) and, above 9, one for its script: no other descriptor came along.
  for (const char* number : {"\n4\n", "\n5\n", "\n6\n", "\n7\n"})
    CHECK(out.find(number) == std::string::npos);
}

TEST_CASE("a launcher that dies is told by its channel") {
  const Folder folder;
  const auto spawner = broker::Spawner::start(folder.script("exit 0\n"));
  REQUIRE(spawner);
  const auto control = spawner->launch();
  REQUIRE(control);
  const auto packet = control->receive_within(std::chrono::milliseconds(2000));
  REQUIRE(packet);
  CHECK_FALSE(packet->has_value());
}

TEST_CASE("a notifier reads its message and knows nothing else") {
  const Folder folder;
  const auto spawner = broker::Spawner::start("/bin/false");
  REQUIRE(spawner);
  const std::string script =
      folder.script("{ cat; ls /proc/self/fd | wc -l; echo end; } > " + folder.path + "/told\n");
  REQUIRE(spawner->notify({script}, "{\"event\":\"request\"}\n"));
  // stdin, stdout, stderr and the directory that ls itself has open
  CHECK(folder.wait_for("told") == "{\"event\":\"request\"}\n4\nend\n");
}
