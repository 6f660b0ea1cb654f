#include "tools/pawl/changes/guards.hpp"

#include <catch2/catch.hpp>

using namespace pawl::changes;

TEST_CASE("a link escapes when it is absolute, climbs above the top, or climbs after it went down") {
  CHECK(may_escape("a", "/etc"));
  CHECK(may_escape("a", ".."));
  CHECK(may_escape("a", "../x"));
  CHECK(may_escape("d/a", "../../x"));
  CHECK(may_escape("d/a", "./.././../x"));
  CHECK(may_escape("d/e/a", "x/../y"));
  CHECK(may_escape("a", ""));
  CHECK_FALSE(may_escape("a", "b"));
  CHECK_FALSE(may_escape("a", "./b//c"));
  CHECK_FALSE(may_escape("a", "..x"));
  CHECK_FALSE(may_escape("d/a", "../x"));
  CHECK_FALSE(may_escape("d/e/a", "../../x/y"));
}

TEST_CASE("a bare repository is known by what git looks for") {
  CHECK(is_bare_repository("r", {"HEAD", "config", "objects", "refs"}));
  CHECK(is_bare_repository("r", {"HEAD", "objects", "refs"}));
  CHECK(is_bare_repository("", {"HEAD", "objects", "refs"}));
  CHECK(is_bare_repository("r", {"config", "objects", "refs"}));
  CHECK(is_bare_repository("r", {"HEAD", "commondir"}));
  CHECK(is_bare_repository("r", {"head", "Objects", "REFS"}));
  CHECK(is_bare_repository("r/.git/x", {"HEAD", "objects", "refs"}));
  CHECK_FALSE(is_bare_repository("r", {"HEAD", "config"}));
  CHECK_FALSE(is_bare_repository("r", {"objects", "refs"}));
  CHECK_FALSE(is_bare_repository("r/.git", {"HEAD", "config", "objects", "refs"}));
}

TEST_CASE("a protected folder protects all in it, and names are compared without regard to case") {
  const Guards guards({"secret/deep"}, {"*.pem"});
  const auto reason = [&](std::initializer_list<const char*> path) {
    Guards::Position position = guards.top();
    for (const char* name : path) position = guards.enter(position, name);
    return position.reason;
  };
  CHECK(reason({"secret"}).empty());
  CHECK(reason({"secret", "deep"}) == "the role protects it");
  CHECK(reason({"secret", "deep", "a", "b"}) == "the role protects it");
  CHECK(reason({"Secret", "DEEP"}) == "the role protects it");
  CHECK(reason({"x", ".VSCode", "tasks.json"}) == "tasks and settings run programs");
  CHECK(reason({"x", "key.PEM"}) == "the role hides it: the agent did not see yours");
  CHECK(reason({"x", "deep"}).empty());
}
