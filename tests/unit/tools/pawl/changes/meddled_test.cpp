// What others do meanwhile to what stands prepared in the workspace, what an agent closed, and what a system
// call refuses for good: a change that cannot be written stays in the session, and nothing stops for ever.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/unit/tools/pawl/changes/faulty_steps.hpp"
#include "tests/unit/tools/pawl/changes/layers.hpp"
#include "tools/pawl/changes/apply.hpp"
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

std::vector<std::string> temporaries(const Layers& layers) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(layers.workspace()))
    if (entry.path().filename().string().starts_with(".pawl-")) found.push_back(entry.path().string());
  return found;
}

// At which rename of an apply the first file comes in: those of the journal itself come before.
constexpr std::uint64_t kFirstIn = 2;

void interrupt_before_first(const Layers& layers) {
  const std::vector<Operation> wanted = everything(layers);
  REQUIRE(dies_at(
      kFirstIn,
      [&](Steps& steps) {
        const Scene scene = layers.scene(steps);
        (void)apply(scene, wanted);
      },
      "rename"));
  REQUIRE_FALSE(temporaries(layers).empty());
}

}  // namespace

TEST_CASE("what stood prepared and was removed after a crash is not lost: it stays in the session") {
  Layers layers;
  layers.host("edited", "old");
  layers.begin();
  layers.agent("edited", "new");
  layers.agent("fresh", "new");
  layers.agent_link("link", "fresh");
  interrupt_before_first(layers);
  for (const std::string& path : temporaries(layers)) fs::remove(path);
  const Scene scene = layers.scene();
  const auto resumed = resume_apply(scene);
  REQUIRE(resumed);
  REQUIRE(*resumed);
  CHECK((*resumed)->done == 0);
  CHECK((*resumed)->skipped.size() == 3);
  CHECK(tree_of(layers.workspace()) == test::Tree{{"edited", "file 644 old"}});
  CHECK(lines_of(layers.scan()) == "modified edited\nadded fresh\nadded link\n");
  REQUIRE(layers.apply());
  CHECK(tree_of(layers.workspace()).size() == 3);
}

TEST_CASE("what stood prepared and was changed is neither written nor removed") {
  Layers layers;
  layers.host("edited", "old");
  layers.begin();
  layers.agent("edited", "new");
  layers.agent("fresh", "new");
  interrupt_before_first(layers);
  for (const std::string& path : temporaries(layers)) test::write_file(path, "somebody else's");
  const Scene scene = layers.scene();
  const auto resumed = resume_apply(scene);
  REQUIRE(resumed);
  CHECK((*resumed)->done == 0);
  CHECK(temporaries(layers).size() == 2);
  CHECK(tree_of(layers.workspace()).at("edited") == "file 644 old");
  CHECK_FALSE(tree_of(layers.workspace()).contains("fresh"));
  CHECK(lines_of(layers.scan()) == "modified edited\nadded fresh\n");
}

// The moments between the last look at what is prepared and the rename.
TEST_CASE("what somebody puts in the place of what is prepared, at any step, never comes in") {
  for (const bool exists : {true, false})
    for (std::uint64_t step = 0; step < 24; ++step) {
      Layers layers;
      if (exists) test::put(layers.workspace("f"), "old");
      layers.begin();
      layers.agent("f", "agent");
      class Meddling final : public Steps {
       public:
        Meddling(const Layers& layers, std::uint64_t step) : layers_(layers), left_(step) {}
        Result<> next(std::string_view) override {
          if (left_-- != 0) return {};
          for (const std::string& path : temporaries(layers_)) {
            if (test::read_file(path) != "agent")
              continue;  // not prepared yet, or the host's, which came out
            test::put(layers_.session() + "/evil", "evil");
            fs::rename(layers_.session() + "/evil", path);
          }
          return {};
        }
        const Layers& layers_;
        std::uint64_t left_;
      } meddling(layers, step);
      const std::vector<Operation> wanted = everything(layers);
      const Scene scene = layers.scene(meddling);
      const auto applied = apply(scene, wanted);
      INFO((exists ? "over a file" : "fresh")
           << " at step " << step << (applied ? "" : ": " + applied.error().text()));
      REQUIRE(applied);
      const auto now = tree_of(layers.workspace());
      for (const auto& [path, what] : now)
        if (path == "f") CHECK((what == "file 644 agent" || (exists && what == "file 644 old")));
      if (!now.contains("f") || now.at("f") != "file 644 agent") CHECK_FALSE(lines_of(layers.scan()).empty());
    }
}

TEST_CASE("an interrupted apply goes on in its own workspace only") {
  Layers layers;
  const Layers other;
  layers.host("edited", "old");
  layers.begin();
  layers.agent("edited", "new");
  interrupt_before_first(layers);
  const Scene here = layers.scene();
  const Scene elsewhere = other.scene();
  const auto refused = resume_apply({here.session, here.upper, elsewhere.workspace, here.steps});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("another folder") != std::string::npos);
  REQUIRE(resume_apply(here));
  CHECK(tree_of(layers.workspace()) == test::Tree{{"edited", "file 644 new"}});
}

TEST_CASE("an operation that the kernel refuses for good is given up, and the rest is written") {
  for (const char* call : {"rename", "unlink", "chmod"})
    for (std::uint64_t at = kFirstIn; at < 12; ++at) {
      Layers layers;
      layers.host("a", "old");
      layers.host("m", "m");
      layers.host("removed", "r");
      layers.begin();
      layers.agent("a", "new");
      layers.agent("b", "new");
      layers.agent("m", "m", 0600);
      layers.agent_removes("removed");
      FaultySteps faulty;
      faulty.fault = FaultySteps::Fault::error;
      faulty.errnum = EPERM;
      faulty.only = call;
      faulty.at = at;
      const Scene failing = layers.scene(faulty);
      const std::vector<Operation> wanted = everything(layers);
      INFO(call << " is refused at " << at);
      (void)apply(failing, wanted);
      const Scene scene = layers.scene();
      REQUIRE(resume_apply(scene));
      (void)layers.apply({.overwrite = {""}});
      const auto now = tree_of(layers.workspace());
      CHECK(now.at("a") == "file 644 new");
      CHECK(now.at("b") == "file 644 new");
      CHECK(now.at("m") == "file 600 m");
      CHECK_FALSE(now.contains("removed"));
    }
}

TEST_CASE("a folder that the agent closed below one that hides all is no end of the session") {
  Layers layers;
  layers.host("o/closed/x", "x");
  layers.host("o/b", "b");
  layers.begin();
  layers.agent_hides("o");
  layers.agent("o/new", "new");
  layers.agent_folder("o/closed", 0000);
  REQUIRE(layers.apply({.paths = {"o/new"}}));
  CHECK(tree_of(layers.workspace()).at("o/new") == "file 644 new");
  CHECK(lines_of(layers.scan()).find("deleted o/b\n") != std::string::npos);
  ::chmod(layers.upper("o/closed").c_str(), 0700);
}

TEST_CASE("permissions of a file with other names change under the name that was shown alone") {
  Layers layers;
  layers.host("tool", "x");
  fs::create_hard_link(layers.workspace("tool"), layers.workspace("same"));
  layers.begin();
  layers.agent("tool", "x", 0755);
  REQUIRE(layers.apply());
  CHECK(tree_of(layers.workspace()) == test::Tree{{"same", "file 644 x"}, {"tool", "file 755 x"}});
  CHECK(lines_of(layers.scan()).empty());
}
