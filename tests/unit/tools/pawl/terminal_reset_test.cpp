#include "tools/pawl/terminal_reset.hpp"

#include <catch2/catch.hpp>

#include "tools/pawl/screen_memory.hpp"

using namespace pawl::run;

namespace {

std::string reset(std::string_view type = "xterm-256color", std::string_view locale = "C.UTF-8") {
  return reset_sequence({type, locale});
}

}  // namespace

TEST_CASE("the reset undoes every mode that is remembered") {
  for (const char* set : {"\x1b[?1049h", "\x1b[?47h",   "\x1b[?1h",    "\x1b[?7l",         "\x1b[?9h",
                          "\x1b[?25l",   "\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h",      "\x1b[?1004h",
                          "\x1b[?1005h", "\x1b[?1006h", "\x1b[?1015h", "\x1b[?1016h",      "\x1b[?2004h",
                          "\x1b[?2031h", "\x1b[?2048h", "\x1b=",       "\x1b[>5u\x1b[>7u", "\x1b[>4;2m"}) {
    ScreenMemory memory;
    memory.see(set);
    INFO(set);
    REQUIRE_FALSE(memory.modes().empty());
    memory.see(reset());
    const std::string left = memory.modes();
    CHECK((left.empty() || left == "\x1b[>0u"));
  }
}

TEST_CASE("a string that was left open does not swallow the reset") {
  ScreenMemory memory;
  memory.see("\x1b[?2004h\x1b]0;never ended");
  memory.see(reset());
  CHECK(memory.modes().find("2004") == std::string::npos);
}

TEST_CASE("the cursor stays where it is: what moves it stands between saving and restoring") {
  const std::string sequence = reset();
  for (const char* moves : {"\x1b[?1049l", "\x1b[r", "\x1b[?6l", "\x1b[?69l"}) {
    INFO(moves);
    const std::size_t at = sequence.find(moves);
    REQUIRE(at != std::string::npos);
    CHECK(sequence.rfind("\x1b"
                         "7",
                         at) != std::string::npos);
  }
  CHECK(sequence.find("\x1b"
                      "8") > sequence.find("\x1b[r"));
  CHECK(sequence.find("\x1b[2J") == std::string::npos);  // what stands there stays
  CHECK(sequence.find("\x1b"
                      "c") == std::string::npos);
}

TEST_CASE(
    "of a command that was on the main screen the cursor is not put back to where it was before another") {
  const std::string sequence = reset_sequence({"xterm-256color", "C.UTF-8"}, LeftOn::main);
  CHECK(sequence.find("\x1b[?1049l\x1b"
                      "8") != std::string::npos);
  CHECK(reset().find("\x1b[?1049l\x1b"
                     "8") == std::string::npos);
}

TEST_CASE("a terminal is told only what it understands") {
  CHECK(reset("dumb").empty());
  CHECK(entry_sequence({"dumb", ""}).empty());
  CHECK(entry_sequence({"", ""}).empty());
  CHECK(entry_sequence({"xterm", ""}) == "\x1b[22;0t");
  CHECK(reset("xterm").find("\x1b[23;0t") != std::string::npos);
  // The Linux console would print these.
  for (const char* unknown : {"\x1b[!p", "\x1b[<", "\x1b[0 q", "\x1b]11"})
    CHECK(reset("linux").find(unknown) == std::string::npos);
  CHECK(reset("xterm", "de_DE.utf8").find("\x1b%G") != std::string::npos);
  CHECK(reset("xterm", "de_DE.ISO-8859-1").find("\x1b%G") == std::string::npos);
}
