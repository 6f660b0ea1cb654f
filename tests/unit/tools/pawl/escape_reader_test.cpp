#include "tools/pawl/escape_reader.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace pawl::run;

namespace {

// What was read, one event after the other.
class Script : public EscapeReader::Sink {
 public:
  void text(std::string_view bytes) override {
    if (!plain_) said += "|";
    plain_ = true;
    said += bytes;
  }
  void control(char byte) override { say("<" + std::to_string(static_cast<int>(byte)) + ">"); }
  void sequence(const EscapeSequence& sequence) override {
    std::string what = sequence.introducer == '[' ? "[" : "";
    if (sequence.marker != 0) what += sequence.marker;
    say(what + sequence.parameters + sequence.intermediates + sequence.final);
    CHECK(sequence.raw.front() == '\x1b');
    CHECK(sequence.raw.back() == sequence.final);
  }
  void string(char introducer, std::string_view number) override {
    say(std::string("string ") + introducer + std::string(number));
  }
  void in_string(char byte) override { inside += byte; }
  void over() override {}
  void odd() override { say("odd"); }
  std::string said;
  std::string inside;  // of strings

 private:
  void say(const std::string& what) {
    said += "|" + what;
    plain_ = false;
  }
  bool plain_ = false;
};

std::string read(std::string_view bytes, std::size_t piece) {
  EscapeReader reader;
  Script script;
  for (std::size_t at = 0; at < bytes.size(); at += piece) reader.read(bytes.substr(at, piece), script);
  return script.said;
}

std::string read(std::string_view bytes) {
  const std::string whole = read(bytes, bytes.size() + 1);
  CHECK(read(bytes, 1) == whole);
  CHECK(read(bytes, 3) == whole);
  return whole;
}

}  // namespace

TEST_CASE("text, controls and sequences are told apart, in whatever pieces they come") {
  CHECK(read("plain \xc3\xa4 text") == "|plain \xc3\xa4 text");
  CHECK(read("a\r\nb") == "|a|<13>|<10>|b");
  CHECK(read("\x1b[1;31mred\x1b[m") == "|[1;31m|red|[m");
  CHECK(read("\x1b[?1049h\x1b[>4;1m\x1b[=5u\x1b[<u") == "|[?1049h|[>4;1m|[=5u|[<u");
  CHECK(read("\x1b[!p\x1b[0 q\x1b(B\x1b=\x1b"
             "7\x1b"
             "c") == "|[!p|[0 q|(B|=|7|c");
}

TEST_CASE("titles and other strings are read over, however they end") {
  CHECK(read("\x1b]0;title\x07"
             "after") == "|string ]0|after");
  CHECK(read("\x1b]104\x1b\\after") == "|string ]104|after");
  CHECK(read("\x1b]1234567890;x\x1b\\after") == "|string ]12345678|after");
  CHECK(read("\x1bP1$r0m\x1b\\after") == "|string P|after");
  CHECK(read("\x1b_apc\x18"
             "after") == "|string _|after");
  CHECK(read("\x1b]0;cut off\x1b[31mred") == "|string ]0|[31m|red");
  CHECK(read("\x1b]0;cut off\x1b\x1b[31mred") == "|string ]0|[31m|red");
  CHECK(read("\x1b]never ended \r\n [31m") == "|string ]");
}

TEST_CASE("what is cancelled, malformed or endless is dropped") {
  CHECK(read("\x1b[12\x18"
             "after") == "|after");
  CHECK(read("\x1b[12\x1b[3mx") == "|[3m|x");
  CHECK(read("\x1b[1\r2mx") == "|<13>|[12m|x");  // terminals act on a control at once
  CHECK(read("\x1b[1\xc3\xa4x") == "|odd|\xa4x");
  CHECK(read("\x1b[" + std::string(1000, '1') + "mx") == "|odd|x");
  CHECK(read("\x1b" + std::string(1000, ' ') + "Fx").size() < 200);
  CHECK(read("\x1b\x9b"
             "6n") == "|odd|6n");
}

TEST_CASE("what stands in a string is told, but for what ends it") {
  EscapeReader reader;
  Script script;
  using namespace std::string_view_literals;
  reader.read(
      "\x1b]1\0"
      "1;?\x07 \x1bPa\x9c\x1b\\ \x1b_b\x18"sv,
      script);
  CHECK(script.inside ==
        "\0"
        "1;?a\x9c"
        "b"sv);
}

TEST_CASE("numbers of a sequence are read as terminals read them") {
  EscapeSequence sequence;
  sequence.parameters = "12;;7:3;99999999999999";
  CHECK(sequence.count() == 4);
  CHECK(sequence.number(0, 5) == 12);
  CHECK(sequence.number(1, 5) == 5);
  CHECK(sequence.number(2, 5) == 7);
  CHECK(sequence.number(3, 5) == std::numeric_limits<unsigned>::max());  // and not a small one
  CHECK(sequence.number(9, 5) == 5);
}
