#include "tests/unit/tools/pawl/changes/layers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "tools/pawl/changes/operations.hpp"

namespace pawl::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void must(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("cannot " + what);
}

void make_parents(const std::string& path) { fs::create_directories(fs::path(path).parent_path()); }

std::string octal(unsigned mode) {
  char text[8];
  std::snprintf(text, sizeof(text), "%o", mode);
  return text;
}

// The kernel stamps files with a clock that moves every few milliseconds.
void tick() { std::this_thread::sleep_for(25ms); }

// In memory, where the kernel marks files there too: thousands of fsync(2) are not what these tests wait for.
// Real file systems are for the end-to-end tests.
fs::path quick_place() {
  const TemporaryDirectory trial("/dev/shm");
  const bool marks = ::setxattr(trial.path().c_str(), "user.overlay.opaque", "y", 1, 0) == 0;
  return marks ? fs::path("/dev/shm") : fs::temp_directory_path();
}

UniqueFd open_directory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  must(static_cast<bool>(directory), "open " + path);
  return directory;
}

}  // namespace

Tree tree_of(const std::string& top) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    struct stat status{};
    must(::lstat(entry.path().c_str(), &status) == 0, "look at " + entry.path().string());
    const std::string mode = octal(status.st_mode & 07777u);
    std::string& shown = tree[entry.path().lexically_relative(top).string()];
    if (S_ISDIR(status.st_mode))
      shown = "folder " + mode;
    else if (S_ISLNK(status.st_mode))
      shown = "link " + fs::read_symlink(entry.path()).string();
    else if (S_ISREG(status.st_mode))
      shown = "file " + mode + " " + read_file(entry.path().string());
    else
      shown = "special";
  }
  return tree;
}

void put(const std::string& path, std::string_view text, unsigned mode) {
  make_parents(path);
  write_file(path, text);
  must(::chmod(path.c_str(), mode) == 0, "chmod " + path);
}

Layers::Layers() : directory_(quick_place()) {
  ::umask(022);
  fs::create_directories(directory_ / "session/upper");
  fs::create_directories(directory_ / "session/work");
  fs::create_directories(directory_ / "workspace");
  session_ = open_directory(directory_ / "session");
  upper_ = open_directory(directory_ / "session/upper");
  workspace_ = open_directory(directory_ / "workspace");
  record.session = std::string(64, 'a');
  record.workspace = directory_ / "workspace";
}

std::string Layers::at(std::string_view folder, std::string_view path) const {
  return (directory_ / folder) + (path.empty() ? "" : "/" + std::string(path));
}

void Layers::host(std::string_view path, std::string_view text, unsigned mode) const {
  if (since_ != 0) tick();
  put(workspace(path), text, mode);
}

void Layers::agent(std::string_view path, std::string_view text, unsigned mode) const {
  put(upper(path), text, mode);
}

void Layers::agent_folder(std::string_view path, unsigned mode) const {
  fs::create_directories(upper(path));
  must(::chmod(upper(path).c_str(), mode) == 0, "chmod");
}

void Layers::agent_link(std::string_view path, std::string_view target) const {
  make_parents(upper(path));
  fs::create_symlink(target, upper(path));
}

void Layers::agent_removes(std::string_view path) const {
  make_parents(upper(path));
  must(::mknod(upper(path).c_str(), S_IFCHR, makedev(0, 0)) == 0, "make a whiteout");
}

void Layers::agent_hides(std::string_view path) const {
  fs::create_directories(upper(path));
  must(::setxattr(upper(path).c_str(), "user.overlay.opaque", "y", 1, 0) == 0, "mark a folder");
}

void Layers::copied_up(std::string_view path) const {
  must(::setxattr(upper(path).c_str(), "user.overlay.origin", "", 0, 0) == 0, "mark a file");
}

void Layers::begin() {
  tick();
  since_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
}

changes::ChangeSet Layers::scan(const changes::ScanLimits& limits) const {
  auto set = changes::scan({session_, upper_, workspace_, record, since_}, limits);
  must(set.has_value(), "scan: " + (set ? std::string() : set.error().text()));
  return *std::move(set);
}

changes::Scene Layers::scene(changes::Steps& steps) const { return {session_, upper_, workspace_, steps}; }

Result<changes::Applied> Layers::apply(const changes::Choice& choice) const {
  const changes::ChangeSet set = scan();
  const changes::Scene here = scene();
  return changes::apply(here, changes::operations(set, changes::select(set, choice).taken));
}

std::vector<changes::Operation> everything(const Layers& layers) {
  const changes::ChangeSet set = layers.scan();
  return changes::operations(set, changes::select(set, {}).taken);
}

std::string lines_of(const changes::ChangeSet& set) {
  std::string text;
  for (const changes::Change& change : set.changes) {
    text += std::string(word(change.kind)) + " ";
    if (!change.old_path.empty()) text += change.old_path + " => ";
    text += change.path;
    if (change.is_folder()) text += " [folder]";
    text += "\n";
  }
  return text;
}

const changes::Change& change_of(const changes::ChangeSet& set, std::string_view path) {
  for (const changes::Change& change : set.changes)
    if (change.path == path) return change;
  throw std::runtime_error("no change of " + std::string(path) + " in\n" + lines_of(set));
}

}  // namespace pawl::test
