// What of the changes is written, and in which order.
#include "tools/pawl/changes/selection.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl/changes/layers.hpp"
#include "tools/pawl/changes/operations.hpp"

using namespace pawl;
using namespace pawl::changes;
using test::Layers;

namespace {

std::string taken(const ChangeSet& set, const Choice& choice) {
  std::string text;
  for (const std::size_t index : select(set, choice).taken) text += set.changes[index].path + " ";
  return text;
}

std::string held(const ChangeSet& set, const Choice& choice) {
  std::string text;
  for (const Held& one : select(set, choice).held) text += set.changes[one.index].path + " ";
  return text;
}

}  // namespace

TEST_CASE("protected, special and conflicting changes are held until each is named") {
  Layers layers;
  layers.host("both/.envrc", "old");
  layers.host("c", "old");
  layers.begin();
  layers.agent(".envrc", "x");
  layers.agent(".vscode/tasks.json", "x");
  layers.agent("plain", "x");
  layers.agent("c", "agent");
  layers.agent("both/.envrc", "agent");
  layers.agent_link("out", "/etc");
  layers.host("c", "host");
  layers.host("both/.envrc", "host");
  const ChangeSet set = layers.scan();
  CHECK(taken(set, {}) == "plain ");
  CHECK(held(set, {}) == ".envrc .vscode .vscode/tasks.json both/.envrc c out ");
  CHECK(taken(set, {.paths = {"plain"}}) == "plain ");
  CHECK(held(set, {.paths = {"plain"}}).empty());
  CHECK(taken(set, {.overwrite = {"c"}}) == "c plain ");
  CHECK(taken(set, {.force = {".envrc", "out"}}) == ".envrc out plain ");
  // A folder's name is not the names of what is in it; an empty folder on the way comes along.
  CHECK(taken(set, {.paths = {".vscode"}, .force = {".vscode"}}) == ".vscode ");
  CHECK(taken(set, {.paths = {"plain"}, .force = {".vscode/tasks.json"}}) ==
        ".vscode .vscode/tasks.json plain ");
  // Two reasons, two words.
  CHECK(taken(set, {.paths = {"both"}, .overwrite = {"both"}}).empty());
  CHECK(taken(set, {.paths = {"both"}, .force = {"both/.envrc"}}).empty());
  CHECK(taken(set, {.paths = {"both"}, .overwrite = {"both"}, .force = {"both/.envrc"}}) == "both/.envrc ");
}

TEST_CASE("what needs something that is not chosen is held, and folders on the way come along") {
  Layers layers;
  layers.host("f", "was a file");
  layers.begin();
  layers.agent("new/deep/file", "x");
  layers.agent("new/other", "x");
  layers.agent_hides("f");
  layers.agent("f/in", "x");
  const ChangeSet set = layers.scan();
  CHECK(taken(set, {.paths = {"new/deep/file"}}) == "new new/deep new/deep/file ");
  CHECK(taken(set, {.paths = {"f/in"}}).empty());
  CHECK(held(set, {.paths = {"f/in"}}) == "f/in ");
  CHECK(taken(set, {.paths = {"f"}}) == "f f f/in ");
}

TEST_CASE("what a person agreed to is that one change, not what lies below it") {
  Layers layers;
  layers.host("d/a", "old");
  layers.host("d/b", "old");
  layers.host("gone/x", "x");
  layers.host("gone/y", "y");
  layers.begin();
  layers.agent_folder("d", 0700);
  layers.agent("d/a", "agent");
  layers.agent("d/.envrc", "agent");
  layers.agent("d/b", "agent");
  layers.agent_removes("gone");
  layers.host("d/b", "host");
  const ChangeSet set = layers.scan();
  const auto confirmed = [&](std::initializer_list<std::string_view> paths) {
    Choice choice{.scope = Choice::Scope::confirmed};
    for (std::size_t i = 0; i < set.changes.size(); ++i)
      if (std::ranges::find(paths, set.changes[i].path) != paths.end()) choice.confirmed.insert(i);
    return choice;
  };
  CHECK(taken(set, confirmed({"d"})) == "d ");
  CHECK(taken(set, confirmed({"d/.envrc", "d/b"})) == "d/.envrc d/b ");
  // A folder goes only when all in it does.
  CHECK(taken(set, confirmed({"gone", "gone/x"})) == "gone/x ");
  CHECK(taken(set, confirmed({"gone", "gone/x", "gone/y"})) == "gone gone/x gone/y ");
  CHECK(taken(set, confirmed({})).empty());
  // Among everything else, one agreement is still one.
  Choice all = confirmed({"d/b"});
  all.scope = Choice::Scope::paths;
  CHECK(held(set, all) == "d/.envrc ");
}

TEST_CASE("a path that names no change is told") {
  Layers layers;
  layers.begin();
  layers.agent("d/f", "x");
  const ChangeSet set = layers.scan();
  CHECK(names_nothing(set, {.paths = {"d", "d/f", "e"}}) == std::vector<std::string>{"e"});
  CHECK(names_nothing(set, {.force = {"d"}}).empty());
  CHECK(names_nothing(set, {.force = {"d/"}}) == std::vector<std::string>{"d/"});
}

TEST_CASE("typed paths are brought into the workspace's own form") {
  CHECK(relative_path("./a//b/", "/w") == "a/b");
  CHECK(relative_path("/w/a", "/w") == "a");
  CHECK(relative_path("/w", "/w") == "");
  CHECK_FALSE(relative_path("/wx/a", "/w"));
  CHECK_FALSE(relative_path("/etc", "/w"));
  CHECK_FALSE(relative_path("../a", "/w"));
  CHECK_FALSE(relative_path("a/../../b", "/w"));
}

TEST_CASE("what is new is written before what is old goes, unless it is in the way") {
  Layers layers;
  layers.host("file", "f");
  layers.host("folder/in", "in");
  layers.host("gone", "g");
  layers.begin();
  layers.agent_hides("file");
  layers.agent("file/in", "x");
  layers.agent("folder", "x");
  layers.agent_removes("gone");
  layers.agent("fresh", "x");
  const ChangeSet set = layers.scan();
  std::string order;
  for (const Operation& operation : operations(set, select(set, {}).taken))
    order += std::to_string(static_cast<int>(operation.step)) + operation.path + " ";
  CHECK(order == "0file 2file 3file/in 3fresh 0gone 0folder/in 1folder 3folder ");
}
