#include "tools/pawl/changes/guards.hpp"

#include <catch2/catch.hpp>
#include <optional>

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

TEST_CASE("a link may lead on where a protected or hidden path begins, and nowhere else") {
  const Guards guards({}, {"secrets/key"});
  const auto leads_on = [&](std::initializer_list<const char*> path) {
    Guards::Position position = guards.top();
    for (const char* name : path) position = guards.enter(position, name);
    return guards.may_lead_on(position);
  };
  CHECK(leads_on({".cargo"}));
  CHECK(leads_on({"x", ".Cargo"}));
  CHECK(leads_on({".git"}));
  CHECK(leads_on({"secrets"}));
  CHECK_FALSE(leads_on({"x", "secrets"}));
  CHECK_FALSE(leads_on({"node_modules", ".bin", "tool"}));
  CHECK_FALSE(leads_on({"src"}));
}

TEST_CASE("permissions need a word where others may write who could not before") {
  const auto reason = [](unsigned after, std::optional<unsigned> before, Type type = Type::file,
                         unsigned usual = 0755) {
    std::optional<Node> old;
    if (before) old = Node{.type = type, .mode = *before};
    return permissions_reason(Node{.type = type, .mode = after}, old, usual);
  };
  CHECK(reason(0644, std::nullopt).empty());
  CHECK(reason(0755, std::nullopt, Type::folder).empty());
  CHECK_FALSE(reason(0666, std::nullopt).empty());
  CHECK_FALSE(reason(0664, std::nullopt).empty());
  CHECK_FALSE(reason(0777, std::nullopt, Type::folder).empty());
  CHECK_FALSE(reason(0777, 0755, Type::folder).empty());
  CHECK(reason(0664, std::nullopt, Type::file, 0775).empty());
  CHECK(reason(0664, 0664).empty());
  CHECK_FALSE(reason(0666, 0664).empty());
  CHECK_FALSE(reason(04755, 0755).empty());
  CHECK(reason(02755, 02755, Type::folder).empty());
}
