#include "tools/pawl/cli/doctor/table.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <sstream>

using namespace pawl::cli;
using Catch::Matchers::Contains;

namespace {

Row works(const char* layer) { return {layer, "what it holds", Required::yes, {State::works, {}, {}}}; }
Row missing(const char* layer, std::string cause, std::string remedy) {
  return {layer, "what it holds", Required::yes, {State::missing, std::move(cause), std::move(remedy)}};
}
Row not_needed(const char* layer) {
  return {layer, "what it holds", Required::no, {State::not_needed, "not there", "get it"}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the worst comes first, each state in the order in which it was tried") {
  const auto lines = lines_of(
      doctor_table({works("a"), not_needed("b"), missing("c", "", ""), works("d"), missing("e", "", "")}));
  REQUIRE(lines.size() == 8);
  CHECK_THAT(lines[0], Catch::StartsWith("LAYER  OUTCOME     HOLDS"));
  CHECK_THAT(lines[1], Catch::StartsWith("c      missing     what it holds"));
  CHECK_THAT(lines[2], Catch::StartsWith("e      missing"));
  CHECK_THAT(lines[3], Catch::StartsWith("b      not needed"));
  CHECK(lines[4] == "       cause   not there");
  CHECK(lines[5] == "       remedy  get it");
  CHECK_THAT(lines[6], Catch::StartsWith("a      works"));
  CHECK_THAT(lines[7], Catch::StartsWith("d      works"));
}

TEST_CASE("long causes and remedies are wrapped at 100 columns, and paths stay whole") {
  const std::string path = "/" + std::string(120, 'p');
  std::string cause;
  for (int i = 0; i < 60; ++i) cause += "word ";
  const auto lines = lines_of(doctor_table({missing("layer", cause, "look at " + path + " first")}));
  std::size_t wide = 0;
  for (const std::string& line : lines) {
    if (line.size() > kTableWidth) {
      CHECK_THAT(line, Contains(path));
      ++wide;
    }
  }
  CHECK(wide == 1);
  CHECK(lines.size() > 5);
}

TEST_CASE("what the host says cannot act on a terminal") {
  const std::string text =
      doctor_table({missing("lay\x1b[2Jer", "cause\x1b]0;x\x07", "remedy\xe2\x80\xae\n")});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK_THAT(text, Contains("\\x1b[2J") && Contains("\\u{202e}"));
}

TEST_CASE("a remedy that several layers share is written once") {
  const std::string text =
      doctor_table({missing("first", "one", "do this"), missing("second", "two", "do this"),
                    missing("third", "three", "or that")});
  CHECK(text.find("do this") == text.rfind("do this"));
  CHECK_THAT(text, Contains("as for first") && Contains("or that"));
  const std::string same = doctor_table({missing("first", "why", "how"), missing("second", "why", "how")});
  CHECK(same.find("why") == same.rfind("why"));
  CHECK_THAT(same, Contains("cause   as for first") && Contains("remedy  as for first"));
}

TEST_CASE("one array of five keys is written for scripts, the whole remedy each time") {
  const auto array = doctor_json({works("a"), missing("b", "why", "how"), missing("c", "why", "how")});
  CHECK(boost::json::serialize(array) ==
        R"([{"layer":"b","state":"missing","required":true,"cause":"why","remedy":"how"},)"
        R"({"layer":"c","state":"missing","required":true,"cause":"why","remedy":"how"},)"
        R"({"layer":"a","state":"works","required":true,"cause":"","remedy":""}])");
}

TEST_CASE("all is honoured when nothing that is needed is missing") {
  CHECK(all_honoured({works("a"), not_needed("b")}));
  CHECK_FALSE(all_honoured({works("a"), missing("b", "", "")}));
  CHECK(doctor_summary({works("a"), not_needed("b"), works("c")}) ==
        "2 work, 0 missing, 1 not needed: every role can be honoured\n");
  CHECK(doctor_summary({works("a"), missing("b", "", "")}) ==
        "1 work, 1 missing, 0 not needed: not every role can be honoured\n");
}
