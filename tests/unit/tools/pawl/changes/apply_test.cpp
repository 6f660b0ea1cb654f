// Chosen changes land in the workspace, leave the layer, and nothing is lost when the process dies or the
// disk fails at any step on the way.
#include "tools/pawl/changes/apply.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/unit/tools/pawl/changes/faulty_steps.hpp"
#include "tests/unit/tools/pawl/changes/layers.hpp"
#include "tools/pawl/changes/discard.hpp"
#include "tools/pawl/changes/operations.hpp"

using namespace pawl;
using namespace pawl::changes;
using test::dies_at;
using test::everything;
using test::FaultySteps;
using test::Layers;
using test::lines_of;
using test::tree_of;

namespace {

namespace fs = std::filesystem;

const std::string kLong(100, 'x');

// One of everything.
void furnish(const Layers& layers) {
  layers.host("edited", "old");
  layers.host("mode", "m");
  layers.host("removed", "r");
  layers.host("moved.c", kLong);
  layers.host("file", "was a file");
  layers.host("folder/in", "in");
  layers.host("folder/sub/in", "in");
  layers.host("tree/a", "a");
  layers.host("tree/b/c", "c");
  layers.host("o/keep", "keep");
  layers.host("o/old", "old");
  layers.host("o/merged/old", "old");
  layers.host("d/x", "x");
  ::chmod(layers.workspace("d").c_str(), 0750);
  fs::create_symlink("edited", layers.workspace("link"));
}

void change(const Layers& layers) {
  layers.agent("edited", "new");
  layers.agent("mode", "m", 0755);
  layers.agent_removes("removed");
  layers.agent_removes("moved.c");
  layers.agent("sub/dir/moved.c", kLong, 0600);
  layers.agent_hides("file");
  layers.agent("file/now/in", "a folder");
  layers.agent("folder", "now a file");
  layers.agent_removes("tree");
  layers.agent_hides("o");
  layers.agent("o/keep", "kept");
  layers.agent("o/merged/new", "new");
  layers.agent("d/x", "xx");
  layers.agent_folder("d", 0755);
  layers.agent_link("link", "mode");
  layers.agent_link("fresh", "sub/dir");
  layers.agent_folder("empty", 0711);
  layers.agent("readonly/in", "in");
  layers.agent_folder("readonly", 0555);
}

const test::Tree kWanted = {
    {"edited", "file 644 new"},
    {"mode", "file 755 m"},
    {"sub", "folder 755"},
    {"sub/dir", "folder 755"},
    {"sub/dir/moved.c", "file 600 " + kLong},
    {"file", "folder 755"},
    {"file/now", "folder 755"},
    {"file/now/in", "file 644 a folder"},
    {"folder", "file 644 now a file"},
    {"o", "folder 755"},
    {"o/keep", "file 644 kept"},
    {"o/merged", "folder 755"},
    {"o/merged/new", "file 644 new"},
    {"d", "folder 755"},
    {"d/x", "file 644 xx"},
    {"link", "link mode"},
    {"fresh", "link sub/dir"},
    {"empty", "folder 711"},
    {"readonly", "folder 555"},
    {"readonly/in", "file 644 in"},
};

// readonly/ stands in the way of the test's own clean-up.
void open_up(const Layers& layers) {
  ::chmod(layers.workspace("readonly").c_str(), 0755);
  ::chmod(layers.upper("readonly").c_str(), 0755);
}

// The number of steps that an undisturbed apply takes.
std::uint64_t count_steps() {
  Layers layers;
  furnish(layers);
  layers.begin();
  change(layers);
  FaultySteps steps;
  const Scene scene = layers.scene(steps);
  const auto applied = apply(scene, everything(layers));
  INFO((applied ? "" : applied.error().text()));
  REQUIRE(applied);
  open_up(layers);
  return steps.steps;
}

}  // namespace

TEST_CASE("everything that a session changed lands, and nothing is left of it in the layer") {
  Layers layers;
  furnish(layers);
  layers.begin();
  change(layers);
  const auto applied = layers.apply();
  INFO((applied ? "" : applied.error().text()));
  REQUIRE(applied);
  CHECK(applied->skipped.empty());
  CHECK(tree_of(layers.workspace()) == kWanted);
  CHECK(lines_of(layers.scan()).empty());
  CHECK_FALSE(fs::exists(layers.session() + "/apply.journal"));
  open_up(layers);
}

TEST_CASE("whoever is killed at any step is gone on from, and the end is the same") {
  const std::uint64_t steps = count_steps();
  REQUIRE(steps > 60);
  for (std::uint64_t step = 0; step < steps; ++step) {
    INFO("killed at step " << step << " of " << steps);
    Layers layers;
    furnish(layers);
    layers.begin();
    change(layers);
    const auto before = tree_of(layers.workspace());
    const std::vector<Operation> wanted = everything(layers);
    REQUIRE(dies_at(step, [&](Steps& faulty) {
      const Scene scene = layers.scene(faulty);
      (void)apply(scene, wanted);
    }));
    const Scene scene = layers.scene();
    const auto resumed = resume_apply(scene);
    REQUIRE(resumed);
    if (!*resumed) {  // before the journal was there, or after it was gone
      if (tree_of(layers.workspace()) == before) REQUIRE(apply(scene, wanted));
    } else {
      CHECK((*resumed)->skipped.empty());
    }
    CHECK(tree_of(layers.workspace()) == kWanted);
    CHECK(lines_of(layers.scan()).empty());
    open_up(layers);
  }
}

TEST_CASE("whoever is killed while going on is gone on from too") {
  const std::uint64_t steps = count_steps();
  for (std::uint64_t step = 7; step < steps; step += 9)
    for (std::uint64_t again = 0; again < steps; again += 5) {
      Layers layers;
      furnish(layers);
      layers.begin();
      change(layers);
      const std::vector<Operation> wanted = everything(layers);
      REQUIRE(dies_at(step, [&](Steps& faulty) {
        const Scene scene = layers.scene(faulty);
        (void)apply(scene, wanted);
      }));
      const bool killed = dies_at(again, [&](Steps& faulty) {
        const Scene scene = layers.scene(faulty);
        (void)resume_apply(scene);
      });
      INFO("killed at step " << step << ", and again at " << again);
      const Scene scene = layers.scene();
      REQUIRE(resume_apply(scene));
      CHECK(tree_of(layers.workspace()) == kWanted);
      CHECK(lines_of(layers.scan()).empty());
      open_up(layers);
      if (!killed) break;
    }
}

TEST_CASE("a disk that is full at any step leaves all as it was, or an apply that can be finished") {
  const std::uint64_t steps = count_steps();
  for (const auto fault : {FaultySteps::Fault::error, FaultySteps::Fault::error_from_here})
    for (std::uint64_t step = 0; step < steps; ++step) {
      INFO("fails at step " << step << (fault == FaultySteps::Fault::error ? "" : " and from there on"));
      Layers layers;
      furnish(layers);
      layers.begin();
      change(layers);
      const auto before = tree_of(layers.workspace());
      const std::vector<Operation> wanted = everything(layers);
      FaultySteps faulty;
      faulty.fault = fault;
      faulty.at = step;
      const Scene failing = layers.scene(faulty);
      const auto applied = apply(failing, wanted);
      REQUIRE_FALSE(applied);
      const Scene scene = layers.scene();
      const auto resumed = resume_apply(scene);
      REQUIRE(resumed);
      if (!*resumed && tree_of(layers.workspace()) != kWanted) {
        CHECK(tree_of(layers.workspace()) == before);
        // Where a folder was to come, the file was put aside and back, which the kernel notes as a change.
        REQUIRE(layers.apply({.overwrite = {"file"}}));
      }
      CHECK(tree_of(layers.workspace()) == kWanted);
      CHECK(lines_of(layers.scan()).empty());
      open_up(layers);
    }
}

TEST_CASE("paths that are not chosen stay in the layer and mean what they meant") {
  Layers layers;
  layers.host("o/a", "a");
  layers.host("o/b", "b");
  layers.host("o/sub/c", "c");
  layers.host("t/x/y", "y");
  layers.host("t/z", "z");
  layers.begin();
  layers.agent_hides("o");
  layers.agent("o/new", "new");
  layers.agent("o/a", "aa");
  layers.agent("o/sub/d", "d");
  layers.agent_removes("t");
  REQUIRE(layers.apply({.paths = {"o/new", "o/sub/d", "t/x"}}));
  CHECK(lines_of(layers.scan()) ==
        "modified o/a\ndeleted o/b\ndeleted o/sub/c\ndeleted t [folder]\ndeleted t/z\n");
  CHECK(tree_of(layers.workspace()) == test::Tree{{"o", "folder 755"},
                                                  {"o/a", "file 644 a"},
                                                  {"o/b", "file 644 b"},
                                                  {"o/new", "file 644 new"},
                                                  {"o/sub", "folder 755"},
                                                  {"o/sub/c", "file 644 c"},
                                                  {"o/sub/d", "file 644 d"},
                                                  {"t", "folder 755"},
                                                  {"t/z", "file 644 z"}});
  REQUIRE(layers.apply());
  CHECK(lines_of(layers.scan()).empty());
  CHECK(tree_of(layers.workspace()).size() == 5);
}

TEST_CASE("what pawl itself changed is no conflict for the rest of the session, what the host changed is") {
  Layers layers;
  layers.host("d/a", "a");
  layers.host("d/b.c", kLong);
  layers.begin();
  layers.agent("d/a", "aa");
  layers.agent_folder("d", 0700);
  layers.agent_removes("d/b.c");
  layers.agent("d/c.c", kLong + "edited after it was moved");
  layers.copied_up("d/c.c");
  REQUIRE(layers.apply({.paths = {"d/a"}}));
  CHECK(lines_of(layers.scan()) == "modified d [folder]\ndeleted d/b.c\nadded d/c.c\n");
  CHECK(count(layers.scan()).conflicts == 0);
  layers.host("d/new", "host");
  CHECK(count(layers.scan()).conflicts == 2);
}

TEST_CASE("what the host does between the look and the write is never overwritten") {
  Layers layers;
  layers.host("edited", "old");
  layers.host("removed", "old");
  layers.host("moved.c", kLong);
  layers.host("mode", "m");
  layers.begin();
  layers.agent("edited", "agent");
  layers.agent("fresh", "agent");
  layers.agent("dir/in", "agent");
  layers.agent("mode", "m", 0700);
  layers.agent_removes("removed");
  layers.agent_removes("moved.c");
  layers.agent("to.c", kLong);
  const std::vector<Operation> wanted = everything(layers);
  layers.host("edited", "host");
  layers.host("removed", "host");
  layers.host("fresh", "host");
  layers.host("dir", "host");
  layers.host("to.c", "host");
  ::chmod(layers.workspace("mode").c_str(), 0600);
  const Scene scene = layers.scene();
  const auto applied = apply(scene, wanted);
  REQUIRE(applied);
  CHECK(applied->done == 0);
  CHECK(applied->skipped.size() == wanted.size());
  CHECK(tree_of(layers.workspace()) == test::Tree{{"dir", "file 644 host"},
                                                  {"edited", "file 644 host"},
                                                  {"fresh", "file 644 host"},
                                                  {"mode", "file 600 m"},
                                                  {"moved.c", "file 644 " + kLong},
                                                  {"removed", "file 644 host"},
                                                  {"to.c", "file 644 host"}});
}

// The moments between the last look at a file and the rename: the host writes at every step.
TEST_CASE("what the host writes at any step is there afterwards, or the agent's file was there before it") {
  for (std::uint64_t step = 0; step < 40; ++step) {
    Layers layers;
    test::put(layers.workspace("f"), "old");
    layers.begin();
    layers.agent("f", "agent");
    class Meddling final : public Steps {
     public:
      explicit Meddling(std::string path, std::uint64_t step) : path_(std::move(path)), left_(step) {}
      Result<> next(std::string_view) override {
        if (left_-- == 0) {
          test::put(path_ + ".host", "host");
          fs::rename(path_ + ".host", path_);
        }
        return {};
      }
      std::string path_;
      std::uint64_t left_;
    } meddling(layers.workspace("f"), step);
    const std::vector<Operation> wanted = everything(layers);
    const Scene scene = layers.scene(meddling);
    const auto applied = apply(scene, wanted);
    REQUIRE(applied);
    INFO("the host writes at step " << step);
    const auto now = tree_of(layers.workspace());
    CHECK(now.size() == 1);
    if (meddling.left_ < 40)  // it was never that far
      CHECK(now.at("f") == "file 644 agent");
    else
      CHECK(now.at("f") == "file 644 host");
  }
}

TEST_CASE("a symlink that is planted in the workspace meanwhile leads nowhere") {
  Layers layers;
  test::TemporaryDirectory outside;
  layers.host("d/edited", "old");
  layers.begin();
  layers.agent("d/edited", "agent");
  layers.agent("d/fresh", "agent");
  layers.agent("new/in", "agent");
  const std::vector<Operation> wanted = everything(layers);
  fs::rename(layers.workspace("d"), layers.workspace("d2"));
  fs::create_directory_symlink(outside.path(), layers.workspace("d"));
  fs::create_directory_symlink(outside.path(), layers.workspace("new"));
  test::write_file(outside / "edited", "outside");
  const Scene scene = layers.scene();
  const auto applied = apply(scene, wanted);
  REQUIRE(applied);
  CHECK(applied->done == 0);
  CHECK(tree_of(outside.path()) == test::Tree{{"edited", "file 644 outside"}});
}

TEST_CASE(
    "setuid bits, the agent's attributes and its times do not come along; the person's attributes stay") {
  Layers layers;
  layers.host("tool", "old", 0755);
  REQUIRE(::setxattr(layers.workspace("tool").c_str(), "user.mine", "yes", 3, 0) == 0);
  layers.begin();
  layers.agent("tool", "new", 06755);
  REQUIRE(::setxattr(layers.upper("tool").c_str(), "user.agent", "yes", 3, 0) == 0);
  fs::last_write_time(layers.upper("tool"), fs::file_time_type{});
  REQUIRE(layers.apply({.force = {"tool"}}));
  CHECK(tree_of(layers.workspace()) == test::Tree{{"tool", "file 755 new"}});
  char value[4] = {};
  CHECK(::getxattr(layers.workspace("tool").c_str(), "user.mine", value, 4) == 3);
  CHECK(::getxattr(layers.workspace("tool").c_str(), "user.agent", value, 4) < 0);
  struct stat status{};
  REQUIRE(::stat(layers.workspace("tool").c_str(), &status) == 0);
  CHECK(::time(nullptr) - status.st_mtime < 60);
}

TEST_CASE("a huge file with holes is copied without filling them") {
  Layers layers;
  layers.begin();
  layers.agent("sparse", "begin");
  REQUIRE(::truncate(layers.upper("sparse").c_str(), 8ll << 30) == 0);
  REQUIRE(layers.apply());
  struct stat status{};
  REQUIRE(::stat(layers.workspace("sparse").c_str(), &status) == 0);
  CHECK(status.st_size == 8ll << 30);
  CHECK(status.st_blocks < 1000);
}

TEST_CASE("a folder whose hidden file stays is not removed") {
  Layers layers;
  layers.record.hide = {".env"};
  layers.host("app/.env", "SECRET");
  layers.host("app/main", "x");
  layers.begin();
  layers.agent_removes("app");
  REQUIRE(layers.apply());
  CHECK(tree_of(layers.workspace()) == test::Tree{{"app", "folder 755"}, {"app/.env", "file 644 SECRET"}});
  CHECK(lines_of(layers.scan()) == "deleted app [folder]\ndeleted app/.env\n");
}

TEST_CASE("discarded changes leave the layer, and what is not discarded means what it meant") {
  const auto discard_paths = [](const Layers& layers, const std::vector<std::string>& paths) {
    const ChangeSet set = layers.scan();
    std::vector<std::size_t> taken;
    for (std::size_t i = 0; i < set.changes.size(); ++i)
      if (std::ranges::any_of(paths, [&](const auto& path) { return covers(path, set.changes[i]); }))
        taken.push_back(i);
    const Scene scene = layers.scene();
    return discard(scene, set, taken);
  };
  Layers layers;
  furnish(layers);
  layers.begin();
  change(layers);
  const auto before = tree_of(layers.workspace());
  SECTION("all of it") {
    REQUIRE(discard_paths(layers, {""}));
    CHECK(lines_of(layers.scan()).empty());
  }
  SECTION("one deletion out of a removed tree, one out of an opaque folder, and a rename") {
    REQUIRE(discard_paths(layers, {"tree/b/c", "o/old", "sub/dir/moved.c"}));
    const std::string left = lines_of(layers.scan());
    CHECK(left.find("tree/b/c") == std::string::npos);
    CHECK(left.find("o/old") == std::string::npos);
    CHECK(left.find("moved.c") == std::string::npos);
    CHECK(left.find("deleted tree/a\n") != std::string::npos);
    CHECK(left.find("modified o/keep\n") != std::string::npos);
    CHECK(left.find("deleted o/merged/old\n") != std::string::npos);
    CHECK(left.find("added o/merged/new\n") != std::string::npos);
  }
  SECTION("what changed its kind") {
    REQUIRE(discard_paths(layers, {"file", "folder", "d"}));
    const std::string left = lines_of(layers.scan());
    for (const char* path : {" file\n", "file/now", " folder\n", "folder/in", " d ", " d/x\n"}) {
      INFO(path);
      CHECK(left.find(path) == std::string::npos);
    }
  }
  CHECK(tree_of(layers.workspace()) == before);
  open_up(layers);
}
