#include "tools/pawl/characters.hpp"

#include <catch2/catch.hpp>

using pawl::run::Characters;
using pawl::run::characters_of;

TEST_CASE("a locale's name tells what a terminal reads, or nothing") {
  for (const char* locale : {"C.UTF-8", "en_US.utf8", "de_DE.UTF-8@euro"})
    CHECK(characters_of(locale) == Characters::utf8);
  for (const char* locale : {"de_DE.ISO-8859-1", "de_DE", "ja_JP.eucJP"})
    CHECK(characters_of(locale) == Characters::single_bytes);
  for (const char* locale : {"", "C", "POSIX"}) CHECK_FALSE(characters_of(locale));
}
