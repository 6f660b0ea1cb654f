// What pawl-dial was shown is compared with what stands there now.
#include "supervisor/broker/resolver_files.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using broker::resolver_state;

TEST_CASE("a resolver file that is replaced, written to, made or removed is another state") {
  const test::TemporaryDirectory directory;
  const std::string path = directory / "hosts";
  const std::vector<std::string> paths = {path};
  const auto write = [](const std::string& where, const char* text) { std::ofstream(where) << text; };
  const auto absent = resolver_state(paths);
  write(path, "one");
  const auto made = resolver_state(paths);
  CHECK(made != absent);
  CHECK(made == resolver_state(paths));
  write(path + ".new", "one");
  std::filesystem::last_write_time(path + ".new", std::filesystem::last_write_time(path));
  std::filesystem::rename(path + ".new", path);
  const auto replaced = resolver_state(paths);
  CHECK(replaced != made);
  std::filesystem::last_write_time(path,
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK(resolver_state(paths) != replaced);
  std::filesystem::remove(path);
  CHECK(resolver_state(paths) == absent);
}
