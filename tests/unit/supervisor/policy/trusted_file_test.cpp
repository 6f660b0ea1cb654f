// Files are made in the home of whoever runs the tests: /tmp is writable by all, and refused for that.
#include "supervisor/policy/trusted_file.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "supervisor/policy/policy.hpp"
#include "supervisor/policy/secret_store.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    const passwd* entry = getpwuid(geteuid());
    REQUIRE(entry != nullptr);
    std::string pattern = std::string(entry->pw_dir) + "/.pawl-test-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  std::string path(const std::string& name = {}) const { return name.empty() ? path_ : path_ + "/" + name; }
  void write(const std::string& name, std::string_view text, mode_t mode = 0644) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    REQUIRE(chmod(path(name).c_str(), mode) == 0);
  }

 private:
  std::string path_;
};

Trust own() { return {.owner = geteuid()}; }

// Makes a path belong to somebody untrusted: by chown as root; otherwise the trust is given to somebody else.
Trust distrust(const std::string& path) {
  if (geteuid() != 0) return {.owner = geteuid() + 1};
  REQUIRE(lchown(path.c_str(), 4242, 4242) == 0);
  return own();
}

std::string complaint(const auto& result) { return result ? std::string() : result.error().text(); }

TEST_CASE("a file of one's own below folders of one's own is read") {
  const Folder folder;
  folder.write("pawl.toml", "hello");
  const auto directory = open_trusted_directory(folder.path(), own());
  REQUIRE(directory);
  CHECK(read_trusted_file(directory->get(), "pawl.toml", own(), 5) == "hello");
  CHECK_THAT(complaint(read_trusted_file(directory->get(), "pawl.toml", own(), 4)),
             Contains("larger than 4 B"));
  CHECK(read_trusted_file(directory->get(), "none.toml", own(), 5).error().errnum == ENOENT);
}

TEST_CASE("what others may write is refused, wherever on the path it is") {
  const Folder folder;
  folder.write("config/pawl.toml", "x");
  REQUIRE(open_trusted_directory(folder.path("config"), own()));
  for (const mode_t mode : {0775, 0757, 01777}) {
    REQUIRE(chmod(folder.path().c_str(), mode) == 0);
    CHECK_THAT(complaint(open_trusted_directory(folder.path("config"), own())),
               Contains("is writable by others"));
  }
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  const auto directory = open_trusted_directory(folder.path("config"), own());
  REQUIRE(directory);
  for (const mode_t mode : {0664, 0646}) {
    REQUIRE(chmod(folder.path("config/pawl.toml").c_str(), mode) == 0);
    CHECK_THAT(complaint(open_trusted_file(directory->get(), "pawl.toml", own())),
               Contains("is writable by others"));
  }
}

TEST_CASE("nothing below /tmp is trusted") {
  CHECK_THAT(complaint(open_trusted_directory("/tmp", own())), Contains("/tmp is writable by others"));
}

TEST_CASE("what belongs to somebody else is refused") {
  const Folder folder;
  folder.write("config/pawl.toml", "x");
  const auto directory = open_trusted_directory(folder.path("config"), own());
  REQUIRE(directory);
  const Trust trust = distrust(folder.path("config/pawl.toml"));
  CHECK_THAT(complaint(open_trusted_file(directory->get(), "pawl.toml", trust)), Contains("belongs to uid"));
  const Trust folder_trust = distrust(folder.path("config"));
  CHECK_THAT(complaint(open_trusted_directory(folder.path("config"), folder_trust)),
             Contains("belongs to uid"));
}

TEST_CASE("a symlink on the way is followed only if the trusted own it, and where it leads is checked too") {
  const Folder folder;
  folder.write("real/pawl.toml", "x");
  fs::create_directory_symlink("real", folder.path("link"));
  fs::create_directory_symlink(folder.path("real"), folder.path("absolute"));
  fs::create_directory_symlink("../../../../../../tmp", folder.path("away"));
  fs::create_directory_symlink("loop", folder.path("loop"));
  CHECK(open_trusted_directory(folder.path("link"), own()));
  CHECK(open_trusted_directory(folder.path("absolute"), own()));
  CHECK_THAT(complaint(open_trusted_directory(folder.path("away"), own())),
             Contains("is writable by others"));
  CHECK_THAT(complaint(open_trusted_directory(folder.path("loop"), own())), Contains("is not followed"));
  const Trust trust = distrust(folder.path("link"));
  CHECK_FALSE(open_trusted_directory(folder.path("link"), trust));
}

TEST_CASE("a policy file is a regular file: no symlink, no FIFO, no folder") {
  const Folder folder;
  folder.write("real.toml", "x");
  fs::create_symlink("real.toml", folder.path("link.toml"));
  REQUIRE(mkfifo(folder.path("fifo.toml").c_str(), 0600) == 0);
  fs::create_directory(folder.path("dir.toml"));
  const auto directory = open_trusted_directory(folder.path(), own());
  REQUIRE(directory);
  CHECK_THAT(complaint(open_trusted_file(directory->get(), "link.toml", own())), Contains("is a symlink"));
  CHECK_THAT(complaint(open_trusted_file(directory->get(), "fifo.toml", own())),
             Contains("is not a regular file"));
  CHECK_THAT(complaint(open_trusted_file(directory->get(), "dir.toml", own())),
             Contains("is not a regular file"));
}

void write_home(const Folder& folder) {
  const test::Files files(HomeKind::embedded);
  for (const SourceFile& file : files.sources()) folder.write(file.name, file.text);
}

TEST_CASE("a home is loaded from its folder") {
  const Folder folder;
  write_home(folder);
  folder.write("roles/.shipper.toml.swp", "editor's");
  folder.write("roles/shipper.toml~", "editor's");
  const Home home{.kind = HomeKind::embedded, .config = folder.path(), .owner = geteuid()};
  const auto policy = load(home);
  REQUIRE(policy);
  CHECK(policy->find_role("shipper") != nullptr);

  folder.write("roles/README", "x");
  const auto stray = load(home);
  REQUIRE_FALSE(stray);
  CHECK_THAT(text_of(stray.error()), Contains("roles/'README': not a role file"));
}

TEST_CASE("a home is refused as a whole when one of its files is not trustworthy") {
  const Folder folder;
  write_home(folder);
  const Home home{.kind = HomeKind::embedded, .config = folder.path(), .owner = geteuid()};
  REQUIRE(chmod(folder.path("roles/shipper.toml").c_str(), 0666) == 0);
  REQUIRE(chmod(folder.path("secrets.toml").c_str(), 0666) == 0);
  const auto policy = load(home);
  REQUIRE_FALSE(policy);
  CHECK_THAT(text_of(policy.error()), Contains("roles/shipper.toml: shipper.toml is writable by others") &&
                                          Contains("secrets.toml: secrets.toml is writable by others"));
}

TEST_CASE("a home that is not there says how to make one") {
  const Folder folder;
  const auto missing = load({.kind = HomeKind::embedded, .config = folder.path("none"), .owner = geteuid()});
  REQUIRE_FALSE(missing);
  CHECK_THAT(text_of(missing.error()), Contains("pawl init"));
  const auto empty = load({.kind = HomeKind::embedded, .config = folder.path(), .owner = geteuid()});
  REQUIRE_FALSE(empty);
  CHECK_THAT(text_of(empty.error()), Contains("pawl init"));
}

struct SecretHome {
  Folder folder;
  Home home{.kind = HomeKind::embedded, .config = folder.path(), .owner = geteuid()};
  Secret secret{.name = "prod", .source = SecretSource::file, .location = "prod.token"};
};

TEST_CASE("a secret is read whole, without the newline that editors add") {
  const SecretHome at;
  at.folder.write("secrets/prod.token", "s3cr3t value\n", 0600);
  const auto material = read_secret(at.home, at.secret);
  REQUIRE(material);
  CHECK(material->value.reveal() == "s3cr3t value");
  CHECK(material->version == secret_version(at.home, at.secret).value());
}

TEST_CASE("a secret that others may read, that has a second name, or is unfit is refused") {
  const SecretHome at;
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("secret prod"));
  at.folder.write("secrets/other", "x", 0600);
  CHECK_THAT(complaint(read_secret(at.home, at.secret)),
             Contains("put the value into " + at.folder.path("secrets/prod.token")));
  for (const mode_t mode : {0640, 0604, 0644, 0610}) {
    at.folder.write("secrets/prod.token", "x", mode);
    CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("is open to others than its owner"));
  }
  at.folder.write("secrets/prod.token", "x", 0600);
  fs::create_hard_link(at.folder.path("secrets/prod.token"), at.folder.path("secrets/second"));
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("hard link"));
  fs::remove(at.folder.path("secrets/second"));
  at.folder.write("secrets/prod.token", "\n", 0600);
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("it is empty"));
  at.folder.write("secrets/prod.token", std::string("a\0b", 3), 0600);
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("NUL"));
  at.folder.write("secrets/prod.token", std::string(kMaxSecret + 1, 'a'), 0600);
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("larger than 64 KiB"));
  fs::remove(at.folder.path("secrets/prod.token"));
  fs::create_symlink("other", at.folder.path("secrets/prod.token"));
  CHECK_THAT(complaint(read_secret(at.home, at.secret)), Contains("is a symlink"));
}

TEST_CASE("the version of a secret changes when its file does, and tells nothing of the value") {
  const SecretHome at;
  at.folder.write("secrets/prod.token", "first", 0600);
  const std::string first = secret_version(at.home, at.secret).value();
  CHECK(first == secret_version(at.home, at.secret).value());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // past the granularity of file times
  at.folder.write("secrets/prod.token", "other", 0600);
  const std::string second = secret_version(at.home, at.secret).value();
  CHECK(first != second);
  // The same value in another file is another version.
  Secret copy = at.secret;
  copy.location = "copy.token";
  at.folder.write("secrets/copy.token", "other", 0600);
  CHECK(secret_version(at.home, copy).value() != second);
}

TEST_CASE("a systemd credential is read from its folder and keeps its version over a restart") {
  const SecretHome at;
  const Secret secret{.name = "prod", .source = SecretSource::credential, .location = "deploy-token"};
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK_THAT(complaint(read_secret(at.home, secret)),
             Contains("no $CREDENTIALS_DIRECTORY") && Contains("LoadCredential="));
  at.folder.write("credentials/deploy-token", "value", 0400);
  REQUIRE(setenv("CREDENTIALS_DIRECTORY", at.folder.path("credentials").c_str(), 1) == 0);
  const auto material = read_secret(at.home, secret);
  REQUIRE(material);
  CHECK(material->value.reveal() == "value");
  fs::remove(at.folder.path("credentials/deploy-token"));
  at.folder.write("credentials/deploy-token", "value", 0400);
  CHECK(secret_version(at.home, secret).value() == material->version);
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("a secret's value is moved, not copied, and gone afterwards") {
  static_assert(!std::is_copy_constructible_v<SecretValue> && !std::is_copy_assignable_v<SecretValue>);
  auto value = SecretValue::copy_of("abc");
  REQUIRE(value);
  SecretValue moved = std::move(*value);
  CHECK(moved.reveal() == "abc");
  CHECK(value->empty());
  moved = SecretValue{};
  CHECK(moved.empty());
}

TEST_CASE("a secret's memory is locked and left out of core dumps and children") {
  if (pawl::testing::kSanitized) {
    WARN("skipped: not with a sanitizer");
    return;
  }
  const auto value = SecretValue::copy_of("abc");
  REQUIRE(value);
  std::ifstream maps("/proc/self/smaps");
  const auto address = reinterpret_cast<std::uintptr_t>(value->reveal().data());
  std::string flags;
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t start = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &start, &end) == 2) here = address >= start && address < end;
    if (here && line.starts_with("VmFlags:")) flags = line + " ";
  }
  CHECK_THAT(flags, Contains(" lo ") && Contains(" dd ") && Contains(" wf "));
}

}  // namespace
}  // namespace pawl::policy
