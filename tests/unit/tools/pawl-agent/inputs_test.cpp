// The files that a request names: opened as regular files, or refused by what they are, without hanging.
#include "tools/pawl-agent/inputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cerrno>

#include "sandbox/base/channel.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;

namespace {

std::string refused(const std::string& path) {
  ::alarm(10);  // opening a FIFO the wrong way would wait for ever
  const auto input = agent::open_input(path);
  ::alarm(0);
  REQUIRE_FALSE(input);
  return input.error().text();
}

}  // namespace

TEST_CASE("a regular file is opened read-only, with its size and the last part of its path") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "web.yaml", "kind: Web\n");
  const auto input = agent::open_input(directory.path() + "/./web.yaml");
  REQUIRE(input);
  CHECK(input->basename == "web.yaml");
  CHECK(input->size == 10);
  CHECK((::fcntl(input->descriptor.get(), F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK((::fcntl(input->descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a link is refused, a folder may be reached through one") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "real", "text");
  REQUIRE(::symlink("real", (directory / "alias").c_str()) == 0);
  REQUIRE(::symlink(".", (directory / "here").c_str()) == 0);
  CHECK_THAT(refused(directory / "alias"),
             Catch::Contains("is a symbolic link") && Catch::Contains("name the file that it leads to"));
  const auto input = agent::open_input(directory.path() + "/here/real");
  REQUIRE(input);
  CHECK(input->basename == "real");
  CHECK(input->size == 4);
}

TEST_CASE("whatever is no regular file is refused by what it is") {
  const test::TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  const auto listener = listen_at(directory / "socket", 0600);
  REQUIRE(listener);
  CHECK_THAT(refused(directory.path()), Catch::Contains("is a directory, not a regular file"));
  CHECK_THAT(refused(directory / "fifo"), Catch::Contains("is a FIFO"));
  CHECK_THAT(refused(directory / "socket"), Catch::Contains("is a socket"));
  CHECK_THAT(refused("/dev/zero"), Catch::Contains("is a device") && Catch::Contains("copy what you mean"));
}

TEST_CASE("a file that is not there is told by the kernel's reason and the path") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(refused(directory / "none.yaml"), Catch::Contains(directory / "none.yaml: No such file"));
  refused("");
}
