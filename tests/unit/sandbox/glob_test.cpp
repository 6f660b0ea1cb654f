#include "sandbox/glob.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

using namespace pawl::sandbox;

TEST_CASE("a star stays within its segment") {
  CHECK(matches_segment("*", ""));
  CHECK(matches_segment("*.pem", "key.pem"));
  CHECK(matches_segment("a*b*c", "a--b--b--c"));
  CHECK_FALSE(matches_segment("a*b*c", "a--b--b--"));
  CHECK_FALSE(matches_segment("*.pem", "key.pem.txt"));
  CHECK(matches_path("dir/*", "dir/file"));
  CHECK_FALSE(matches_path("dir/*", "dir/sub/file"));
}

TEST_CASE("nothing but stars is special") {
  CHECK(matches_segment("a?c", "a?c"));
  CHECK_FALSE(matches_segment("a?c", "abc"));
  CHECK_FALSE(matches_segment("[ab]", "a"));
  CHECK_FALSE(matches_segment("A", "a"));
  CHECK(matches_segment("\\", "\\"));
}

TEST_CASE("a pattern without a slash matches a name at every depth") {
  CHECK(matches_path(".envrc", ".envrc"));
  CHECK(matches_path(".envrc", "a/b/.envrc"));
  CHECK_FALSE(matches_path(".envrc", "a/.envrc/b"));
}

TEST_CASE("a pattern with a slash is relative to the top") {
  CHECK(matches_path(".git/hooks", ".git/hooks"));
  CHECK_FALSE(matches_path(".git/hooks", "sub/.git/hooks"));
  CHECK(matches_path("ci/", "ci"));
  CHECK_FALSE(matches_path("ci/", "sub/ci"));
}

TEST_CASE("two stars cross any number of segments, none included") {
  CHECK(matches_path("**/.git/hooks", ".git/hooks"));
  CHECK(matches_path("**/.git/hooks", "a/b/c/.git/hooks"));
  CHECK(matches_path(".git/modules/**/hooks", ".git/modules/hooks"));
  CHECK(matches_path(".git/modules/**/hooks", ".git/modules/a/b/hooks"));
  CHECK_FALSE(matches_path(".git/modules/**/hooks", ".git/hooks"));
  CHECK(matches_path("**", "anything/at/all"));
  CHECK(matches_path("secrets/**", "secrets"));
  CHECK(matches_path("secrets/**", "secrets/a/b"));
}

TEST_CASE("two stars that are not a whole segment are stars") {
  CHECK(matches_path("a**b", "axxb"));
  CHECK_FALSE(matches_path("x/a**b", "x/a/b"));
}

TEST_CASE("an empty pattern matches nothing") {
  CHECK_FALSE(matches_path("/", ""));
  CHECK_FALSE(matches_path("/", "a"));
}

TEST_CASE("a hostile name costs no more than the product of the lengths") {
  const std::string name(100'000, 'a');
  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(matches_segment("*a*a*a*a*a*a*a*a*a*b", name));
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "a/";
  CHECK_FALSE(matches_path("**/a/**/a/**/a/**/b", deep));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("a walk learns where nothing can match any more") {
  const PatternSet set({".git/hooks", "ci/deploy"});
  CHECK(set.enter(set.start(), "src").empty());
  CHECK_FALSE(set.enter(set.start(), ".git").empty());
}

TEST_CASE("a walk learns which directories a pattern names itself") {
  const PatternSet set({"**/.git/hooks"});
  const auto sub = set.enter(set.start(), "sub");
  CHECK(set.begun(sub).empty());
  CHECK(set.begun(set.enter(sub, ".git")).size() == 1);
}

TEST_CASE("asking whether a name matches is the same as entering it") {
  std::mt19937 random(7);
  constexpr const char* segments[] = {"a", "b", "*", "**", "a*", "ab"};
  constexpr const char* names[] = {"a", "b", "ab", "c"};
  std::size_t matched = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::string> patterns(1 + random() % 3);
    for (std::string& pattern : patterns) {
      const std::size_t length = 1 + random() % 4;
      for (std::size_t i = 0; i < length; ++i)
        pattern += (i == 0 && random() % 2 == 0 ? "" : "/") + std::string(segments[random() % 6]);
    }
    const PatternSet set(patterns);
    PatternSet::State state = set.start();
    for (std::size_t depth = 0; depth < 4; ++depth) {
      const std::string name = names[random() % 4];
      const PatternSet::State next = set.enter(state, name);
      CHECK(set.matches(state, name) == !set.matched(next).empty());
      matched += set.matched(next).empty() ? 0 : 1;
      state = next;
    }
  }
  CHECK(matched > 1000);
}
