// Patterns for clients' validators: the same meaning in both dialects, or no pattern at all.
#include "tools/pawl-agent/mcp/pattern.hpp"

#include <catch2/catch.hpp>

using pawl::agent::mcp::ecma_pattern;

TEST_CASE("a pattern that both dialects read alike is anchored as a whole, alternatives too") {
  CHECK(ecma_pattern("a|b") == "^(?:a|b)$");
  CHECK(ecma_pattern("") == "^(?:)$");
  for (const std::string same :
       {R"([a-z][a-z0-9-]{0,30})", R"(registry\.example\.com/.+@sha256:[0-9a-f]{64})", R"((?:x|y)*?z+)",
        R"(\d{2,}\w)", R"([^\]\w-])", R"([a\-z])", "^web$", R"(a{3}(b)c?)", R"([\d.]+)", "x-y_z",
        R"(\$\^\/)"}) {
    INFO(same);
    CHECK(ecma_pattern(same) == "^(?:" + same + ")$");
  }
}

TEST_CASE("escapes that only RE2 knows, or that mean another thing, leave the pattern out") {
  for (const char* other : {R"(\pL)", R"(\s)", R"(\bweb\b)", R"(\Aweb\z)", R"(\Q.\E)", R"(\x41)", R"(\n)",
                            R"(\-)", R"(\_)", R"(\1)", "a\\"}) {
    INFO(other);
    CHECK_FALSE(ecma_pattern(other));
  }
}

TEST_CASE("groups with flags or names leave the pattern out") {
  for (const char* other : {"(?i)web", "(?P<name>web)", "(?i:web)", "(?<name>web)", "(?"})
    CHECK_FALSE(ecma_pattern(other));
}

TEST_CASE("brackets that the dialects read differently leave the pattern out") {
  for (const char* other :
       {"[[:alpha:]]", "[]a]", "[^]a]", R"([\w-z])", R"([a-\d])", "[a", R"([\s])", R"([a\])", "a]"}) {
    INFO(other);
    CHECK_FALSE(ecma_pattern(other));
  }
}

TEST_CASE("braces that repeat nothing leave the pattern out") {
  for (const char* other : {"a{", "a{}", "a{,5}", "a{x}", "a{1,2,3}", "a{1", "a}"}) {
    INFO(other);
    CHECK_FALSE(ecma_pattern(other));
  }
}

TEST_CASE("a repeated anchor leaves the pattern out: clients would refuse to compile it") {
  for (const char* other : {"^*a", "a$?", "^+", "(^{2})"}) {
    INFO(other);
    CHECK_FALSE(ecma_pattern(other));
  }
  CHECK(ecma_pattern(R"(\^*[$]+)"));
}

TEST_CASE("letters beyond ASCII leave the pattern out") {
  CHECK_FALSE(
      ecma_pattern("gr\xc3\xbc\xc3\x9f"
                   "e"));
}
