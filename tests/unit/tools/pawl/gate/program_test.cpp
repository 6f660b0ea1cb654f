#include "tools/pawl/gate/program.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using Catch::Contains;

TEST_CASE("what was measured is what would run: the copy is sealed") {
  const test::TemporaryDirectory folder;
  test::write_file(folder / "deploy.sh", "#!/bin/sh\nexit 0\n");
  const UniqueFd source = gate::open_regular(folder / "deploy.sh", gate::Links::refused).value();
  const auto program = gate::seal_program(source.get());
  REQUIRE(program);
  test::write_file(folder / "deploy.sh", "#!/bin/sh\nexit 1\n");
  CHECK(program->measured.sha256 == receipt::sha256("#!/bin/sh\nexit 0\n"));
  CHECK(program->measured.size == 17);
  char text[64] = {};
  CHECK(::pread(program->file.get(), text, sizeof(text), 0) == 17);
  CHECK(std::string_view(text) == "#!/bin/sh\nexit 0\n");
  CHECK(::pwrite(program->file.get(), "x", 1, 0) == -1);
  CHECK(::ftruncate(program->file.get(), 0) == -1);
  CHECK(::mmap(nullptr, 17, PROT_WRITE, MAP_SHARED, program->file.get(), 0) == MAP_FAILED);
}

TEST_CASE("a command that is larger than any input is not taken into memory") {
  const test::TemporaryDirectory folder;
  test::write_file(folder / "huge", "#!");
  REQUIRE(::truncate((folder / "huge").c_str(), (256 << 20) + 1) == 0);
  const UniqueFd source = gate::open_regular(folder / "huge", gate::Links::refused).value();
  CHECK_THAT(gate::seal_program(source.get()).error().trail, Contains("more than 256 MiB"));
}

TEST_CASE("a command is found as a shell finds it, but never where the pipeline happens to stand") {
  const test::TemporaryDirectory folder;
  test::write_file(folder / "tool", "#!/bin/sh\n");
  test::write_file(folder / "text", "");
  REQUIRE(::chmod((folder / "tool").c_str(), 0755) == 0);
  CHECK(gate::find_command(folder / "tool").value() == folder / "tool");
  CHECK_THAT(gate::find_command(folder / "text").error().trail, Contains("cannot be executed"));
  CHECK_THAT(gate::find_command(folder / "missing").error().trail, Contains("cannot be executed"));
  CHECK_FALSE(gate::find_command(folder.path()));  // has a slash, is a folder
  const std::string before = ::getenv("PATH") != nullptr ? ::getenv("PATH") : "";
  ::setenv("PATH", ("::.:" + folder.path()).c_str(), 1);
  CHECK(gate::find_command("tool").value() == folder / "tool");
  const auto standing = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());  // where there is such a program
  ::setenv("PATH", ":.:bin", 1);
  CHECK_THAT(gate::find_command("tool").error().trail, Contains("in no folder of PATH"));
  std::filesystem::current_path(standing);
  ::setenv("PATH", before.c_str(), 1);
}

TEST_CASE("input files are regular, named without links, and never waited for") {
  const test::TemporaryDirectory folder;
  test::write_file(folder / "file", "12345");
  REQUIRE(::symlink("file", (folder / "link").c_str()) == 0);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(gate::open_regular(folder / "link", gate::Links::refused).error().trail,
             Contains("is a symbolic link"));
  CHECK(gate::open_regular(folder / "link", gate::Links::followed));
  CHECK_THAT(gate::open_regular(folder / "fifo", gate::Links::refused).error().trail,
             Contains("not a regular file"));
  CHECK_FALSE(gate::open_regular(folder.path(), gate::Links::refused));
  CHECK(gate::read_regular(folder / "file", 5).value() == "12345");
  CHECK_THAT(gate::read_regular(folder / "file", 4).error().trail, Contains("more than 4 bytes"));
  const UniqueFd file = gate::open_regular(folder / "file", gate::Links::refused).value();
  const auto measured = gate::measure(file.get());
  REQUIRE(measured);
  CHECK(measured->sha256 == receipt::sha256("12345"));
  CHECK(measured->size == 5);
}
