#include "tools/pawl/screen_memory.hpp"

#include <catch2/catch.hpp>

using pawl::run::Characters;
using pawl::run::ScreenMemory;

namespace {

std::string modes_after(std::string_view bytes) {
  ScreenMemory memory;
  memory.see(bytes);
  return memory.modes();
}

std::string text_after(std::string_view bytes) {
  ScreenMemory memory;
  memory.see(bytes);
  return memory.text();
}

}  // namespace

TEST_CASE("a terminal that comes later is told the modes that are set") {
  CHECK(modes_after("nothing") == "");
  CHECK(modes_after("\x1b[?2004h\x1b[?1h\x1b=") == "\x1b[?1h\x1b[?2004h\x1b=");
  CHECK(modes_after("\x1b[?1000;1006h") == "\x1b[?1000h\x1b[?1006h");
  CHECK(modes_after("\x1b[?25l\x1b[?7l") == "\x1b[?7l\x1b[?25l");
  CHECK(modes_after("\x1b[?2004h\x1b[?2004l") == "");
  CHECK(modes_after("\x1b[>4;2m") == "\x1b[>4;2m");
  CHECK(modes_after("\x1b[?1049h") == "\x1b[?1049h\x1b[H\x1b[2J");
}

TEST_CASE("a program that has left leaves nothing to tell") {
  CHECK(modes_after("\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[?25h\x1b[?2004l\x1b[?1049l") == "");
  CHECK(modes_after("\x1b[?1000h\x1b=\x1b[>4;2m\x1b"
                    "c") == "");
  CHECK(modes_after("\x1b[?1h\x1b[?25l\x1b[!p") == "");
}

TEST_CASE("a soft reset stays on its screen") {
  CHECK(modes_after("\x1b[?1049h\x1b[?1h\x1b[!p") == "\x1b[?1049h\x1b[H\x1b[2J");
}

TEST_CASE("the kitty keyboard protocol's flags are kept for each screen") {
  CHECK(modes_after("\x1b[>1u") == "\x1b[>1u");
  CHECK(modes_after("\x1b[>1u\x1b[>5u\x1b[<u") == "\x1b[>1u");
  CHECK(modes_after("\x1b[>1u\x1b[<9u") == "");
  CHECK(modes_after("\x1b[>1u\x1b[?1049h\x1b[>3u") == "\x1b[?1049h\x1b[H\x1b[2J\x1b[>3u");
  CHECK(modes_after("\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[?1049l") == "\x1b[>1u");
  CHECK(modes_after("\x1b[=5u") == "\x1b[>5u");
  CHECK(modes_after("\x1b[>1u\x1b[=4;2u\x1b[=1;3u") == "\x1b[>4u");
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "\x1b[>1u";
  CHECK(modes_after(many).size() < 200);
}

TEST_CASE("text, colours and movements are kept; what sets or asks is not") {
  CHECK(text_after("one\r\n\x1b[31mtwo\x1b[0m\x1b[2K\x1b[3A\x1b"
                   "7\x1b"
                   "8") ==
        "one\r\n\x1b[31mtwo\x1b[0m\x1b[2K\x1b[3A\x1b"
        "7\x1b"
        "8");
  // Each of these makes a terminal answer, and the answer would be typed into the command.
  for (const char* question :
       {"\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[6n", "\x1b[?6n", "\x1b[5n", "\x1b[?2004$p", "\x1b[>q",
        "\x1b[?u", "\x1b[14t", "\x1b[21t", "\x1b]11;?\x07", "\x1bP$qm\x1b\\", "\x1b_Gi=1\x1b\\", "\x05",
        "\x1bZ", "\x1b[x", "\x1b[1*y", "\x1b]52;c;?\x07"}) {
    INFO(question);
    CHECK(text_after(std::string("a") + question + "b") == "ab");
  }
  for (const char* other : {"\x1b[?1049h\x1b[?1049l", "\x1b]0;title\x07", "\x1b(0", "\x1b[r", "\x07",
                            "\x1b"
                            "c",
                            "\x1b[?25l"})
    CHECK(text_after(std::string("a") + other + "b") == "ab");
}

TEST_CASE("what was drawn on the alternate screen is its program's to draw again") {
  CHECK(text_after("before\x1b[?1049hdrawn\x1b[2;3Hmore\x1b[?1049lafter") == "beforeafter");
}

TEST_CASE("the last of the text is kept, from the beginning of a line") {
  ScreenMemory memory;
  std::string last;
  for (int line = 0; line < 5000; ++line) {
    last = "this is line " + std::to_string(line) + " of many\r\n";
    memory.see(last);
  }
  const std::string text = memory.text();
  CHECK(text.size() <= ScreenMemory::kKept);
  CHECK(text.size() > ScreenMemory::kKept - 100);
  CHECK(text.starts_with("this is line "));
  CHECK(text.ends_with(last));
  SECTION("also where it came all at once") {
    ScreenMemory whole;
    std::string flood;
    while (flood.size() < 3 * ScreenMemory::kKept) flood += "0123456789\r\n";
    whole.see(flood);
    CHECK(whole.text().ends_with("0123456789\r\n"));
    CHECK(whole.text().starts_with("0123456789\r\n"));
    CHECK(whole.text().size() > ScreenMemory::kKept - 100);
  }
  SECTION("a line without end is nothing to begin with") {
    memory.see(std::string(2 * ScreenMemory::kKept, 'x'));
    CHECK(memory.text().empty());
  }
}

namespace {

bool asks(std::string_view bytes) {
  ScreenMemory whole, pieces;
  whole.see(bytes);
  for (const char byte : bytes) pieces.see({&byte, 1});
  const bool asked = whole.take_question();
  CHECK(pieces.take_question() == asked);
  CHECK_FALSE(whole.take_question());  // it is told once
  return asked;
}

}  // namespace

TEST_CASE("what a terminal may answer is noticed") {
  for (const std::string_view question : {"\x1b[6n",
                                          "\x1b[?6n",
                                          "\x1b[5n",
                                          "\x1b[c",
                                          "\x1b[0c",
                                          "\x1b[>c",
                                          "\x1b[=c",
                                          "\x1bZ",
                                          "\x05",
                                          "\x1b[x",
                                          "\x1b[18t",
                                          "\x1b[21t",
                                          "\x1b[14t",
                                          "\x1b[?u",
                                          "\x1b[?2026$p",
                                          "\x1b[4$p",
                                          "\x1b[>q",
                                          "\x1b[?4m",
                                          "\x1b[?1;1;0S",
                                          "\x1b[1;1;1;1;1;1*y",
                                          "\x1b[1$w",
                                          "\x1b]11;?\x07",
                                          "\x1b]4;1;?\x1b\\",
                                          "\x1b]52;c;?\x07",
                                          "\x1b]1337;ReportCellSize\x07",
                                          "\x1bP+q544e\x1b\\",
                                          "\x1bP$qm\x1b\\",
                                          "\x1b_Gi=1,a=q;AAAA\x1b\\",
                                          "\x1b]11;? and no end",
                                          "\xc2\x9b"
                                          "6n",
                                          "\x9b"
                                          "6n",
                                          "a\xc3\xa4\x9b"
                                          "6n",
                                          "\x1b[?1004h",
                                          "\x1b[?2048h",
                                          "\x1b[?7;1003h",
                                          "\x1b[?1000r",
                                          "\x1b[6\xff"})
    CHECK(asks(question));
  using namespace std::string_view_literals;
  // What stands in a string may be skipped, or end it.
  for (const std::string_view question : {"\x1b]1\0"
                                          "1;?\x07"sv,
                                          "\x1b]0;x\xc2\x9c\xc2\x9b"
                                          "6n"sv,
                                          "\x1b]0;x\x9c\x9b"
                                          "6n"sv,
                                          "\x1b]0;\xe2\x07\x9b"
                                          "6n"sv,
                                          "\xe2\x18\x9b"
                                          "6n"sv,
                                          "\x1b\x9b"
                                          "6n"sv,
                                          "\x1b[4294967307t"sv,
                                          "\xc0\x9b"
                                          "6n"sv})
    CHECK(asks(question));
  // Longer than what is held of a sequence: a terminal may hold more.
  CHECK(asks("\x1b[" + std::string(200, '0') + "6n"));
}

TEST_CASE("what draws and sets asks nothing") {
  for (const std::string_view silent : {"text, \xc3\xa4 \xe2\x86\x92 \xe4\xb8\xad \xf0\x9f\x92\x9b\r\n\t\b",
                                        "\x1b[1;31mred\x1b[0m",
                                        "\x1b[2J\x1b[H\x1b[10;20H",
                                        "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[?1l",
                                        "\x1b[?1000l\x1b[?1004l",
                                        "\x1b[>1u",
                                        "\x1b[<u",
                                        "\x1b[=1;1u",
                                        "\x1b[>4;2m",
                                        "\x1b[!p",
                                        "\x1b[2 q",
                                        "\x1b(0\x1b)B",
                                        "\x1b=\x1b>\x1b"
                                        "7\x1b"
                                        "8\x1bM\x1b"
                                        "c",
                                        "\x1b[22;0t\x1b[23;0t\x1b[8;24;80t",
                                        "\x1b]0;why?\x07",
                                        "\x1b]2;title \xe2\x9c\x93 \xc3\x9b\x1b\\",
                                        "\x1b]8;;http://x/?q\x1b\\link\x1b]8;;\x1b\\",
                                        "\x1b]133;A\x07",
                                        "\x1b[4h\x1b[4l",
                                        "\x1b[3;5r\x1b[s\x1b[u"})
    CHECK_FALSE(asks(silent));
}

TEST_CASE("a terminal that reports by itself is known to") {
  const auto reports = [](std::string_view bytes) {
    ScreenMemory memory;
    memory.see(bytes);
    return memory.reports();
  };
  CHECK_FALSE(reports("\x1b[?1006h\x1b[?2004h\x1b[?25l"));
  CHECK(reports("\x1b[?1000h"));
  CHECK_FALSE(reports("\x1b[?1000h\x1b[?1000l"));
  CHECK(reports("\x1b[>3u"));
  CHECK_FALSE(reports("\x1b[>3u\x1b[<u"));
}

TEST_CASE("no C1 control is shown again: a terminal would take it for the beginning of a sequence") {
  CHECK(text_after("a\xc2\x9b"
                   "6n") == "a6n");
  CHECK(text_after("a\x9b"
                   "6n") == "a6n");
  CHECK(text_after("\xc2\xa9 \xc3\x9b \xe4\x9b\x9b\xf0\x9f\x92\x9b") ==
        "\xc2\xa9 \xc3\x9b \xe4\x9b\x9b\xf0\x9f\x92\x9b");
  // Nor one that is put together of two pieces.
  ScreenMemory memory;
  for (const std::string_view piece : {"\xc2", "\x9b", "6n", "\xc2", "\xa9", "\xc2", "\x1b[0m", "\x9b"})
    memory.see(piece);
  CHECK(memory.text() == "6n\xc2\xa9\x1b[0m");
}

TEST_CASE("where a terminal reads single bytes, every C1 control is one") {
  const std::string_view arrow("\xe2\x86\x92"), question(
                                                    "\xe2\x9b"
                                                    "6n");
  ScreenMemory memory;
  memory.see(question);
  CHECK_FALSE(memory.take_question());
  SECTION("told so by the command") {
    memory.see("\x1b%@");
    memory.see(question);
    CHECK(memory.take_question());
    CHECK(memory.take_text() ==
          "\xe2\x9b"
          "6n\xe2"
          "6n");
    memory.see("\x1b]0;\xe2\x9c\x93\x07");
    CHECK(memory.take_question());
    memory.see("\x1b%G");
    memory.see(arrow);
    CHECK(memory.take_text() == arrow);
    CHECK_FALSE(memory.take_question());
  }
  SECTION("or from the beginning, whatever the command says") {
    ScreenMemory other(Characters::single_bytes);
    other.see("\x1b%G");
    other.see(question);
    CHECK(other.take_question());
    CHECK(other.text() ==
          "\xe2"
          "6n");
  }
}

TEST_CASE("text that was taken is not there again, and what was begun goes on") {
  ScreenMemory memory;
  memory.see("one\x1b[3");
  CHECK(memory.take_text() == "one");
  memory.see("1mtwo\xc2");
  CHECK(memory.take_text() == "\x1b[31mtwo");
  memory.see("\xa9");
  CHECK(memory.take_text() == "\xc2\xa9");
  CHECK(memory.take_text().empty());
  memory.see(std::string(2 * ScreenMemory::kKept, 'x') + "\n!");
  CHECK(memory.take_text() == "!");
  memory.see("again");
  CHECK(memory.take_text() == "again");
}
