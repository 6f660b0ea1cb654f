// Lines from a byte stream: in whatever pieces they come, and never more than one kept.
#include "tools/pawl-agent/mcp/line_reader.hpp"

#include <catch2/catch.hpp>

#include <vector>

using pawl::agent::mcp::LineReader;
using Fit = LineReader::Line::Fit;

namespace {

// Lines as text; "!" stands for one that was too long.
std::vector<std::string> all(LineReader& reader) {
  std::vector<std::string> lines;
  while (auto line = reader.next()) {
    if (line->fit == Fit::too_long) CHECK(line->text.empty());
    lines.push_back(line->fit == Fit::too_long ? "!" : line->text);
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line comes when its end does, however it was cut") {
  const std::string text = "{\"a\":1}\n\n{\"b\":2}\r\nrest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineReader reader(100);
    Lines lines;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      reader.feed(std::string_view(text).substr(at, piece));
      for (auto& line : all(reader)) lines.push_back(std::move(line));
    }
    CHECK(lines == Lines{"{\"a\":1}", "", "{\"b\":2}"});
    reader.feed("\n");
    CHECK(all(reader) == Lines{"rest"});
  }
}

TEST_CASE("a line as long as allowed is whole with either line break, one byte more is too long") {
  const std::string longest(8, 'x');
  for (const std::string line_break : {"\n", "\r\n"}) {
    for (const bool at_once : {true, false}) {
      LineReader reader(8);
      Lines lines;
      for (const std::string& text : {longest, longest + "x", std::string("ok")}) {
        const std::string line = text + line_break;
        for (std::size_t at = 0; at < line.size(); at += at_once ? line.size() : 1) {
          reader.feed(std::string_view(line).substr(at, at_once ? line.size() : 1));
          for (auto& read : all(reader)) lines.push_back(std::move(read));
        }
      }
      CHECK(lines == Lines{longest, "!", "ok"});
    }
  }
}

TEST_CASE("an endless line is told once, when it ends, and the next one is read") {
  LineReader reader(8);
  for (int i = 0; i < 1000; ++i) {
    reader.feed("0123456789");
    CHECK_FALSE(reader.next());
  }
  reader.feed("\nnext\n");
  CHECK(all(reader) == Lines{"!", "next"});
}

TEST_CASE("only the carriage return of the line break is taken away") {
  LineReader reader(8);
  reader.feed("a\rb\r\r\n\r\n");
  CHECK(all(reader) == Lines{"a\rb\r", ""});
}
