// A program is pinned only where nobody else could have put it.
#include "supervisor/broker/pinned.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "supervisor/receipt/digest.hpp"

using namespace pawl;
namespace fs = std::filesystem;

namespace {

// Below /usr/local when root, else below the user's home: every parent is trusted there, unlike in /tmp.
struct TrustedPlace {
  TrustedPlace() {
    std::string name = (::geteuid() == 0 ? std::string("/usr/local") : std::string(std::getenv("HOME"))) +
                       "/pawl-pinned-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TrustedPlace() { fs::remove_all(path); }
  std::string program(const std::string& name, mode_t mode) const {
    const std::string file = path + "/" + name;
    std::ofstream(file) << "#!/bin/sh\nexit 0\n";
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::string path;
};

}  // namespace

TEST_CASE("a trusted program is measured by its bytes") {
  const TrustedPlace place;
  const auto pinned = broker::pin_executable(place.program("tool", 0755), ::geteuid());
  REQUIRE(pinned);
  CHECK(pinned->sha256 == receipt::sha256("#!/bin/sh\nexit 0\n"));
  CHECK(pinned->size == 17);
}

TEST_CASE("a program that others can write is refused") {
  const TrustedPlace place;
  CHECK_FALSE(broker::pin_executable(place.program("group", 0775), ::geteuid()));
  CHECK_FALSE(broker::pin_executable(place.program("world", 0757), ::geteuid()));
  const std::string inside = place.program("tool", 0755);
  ::chmod(place.path.c_str(), 0777);
  CHECK_FALSE(broker::pin_executable(inside, ::geteuid()));
}

TEST_CASE("what is not an executable file is refused") {
  const TrustedPlace place;
  CHECK_FALSE(broker::pin_executable(place.program("plain", 0644), ::geteuid()));
  CHECK_FALSE(broker::pin_executable(place.path, ::geteuid()));
  CHECK_FALSE(broker::pin_executable(place.path + "/absent", ::geteuid()));
  REQUIRE(::mkfifo((place.path + "/pipe").c_str(), 0755) == 0);
  CHECK_FALSE(broker::pin_executable(place.path + "/pipe", ::geteuid()));
}

TEST_CASE("a link is followed to the program that it names") {
  const TrustedPlace place;
  const std::string tool = place.program("tool", 0755);
  fs::create_symlink("tool", place.path + "/link");
  const auto pinned = broker::pin_executable(place.path + "/link", ::geteuid());
  REQUIRE(pinned);
  CHECK(pinned->path == tool);
}
