#include "supervisor/receipt/canonical_json.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace pawl;
using receipt::parse_canonical;
using receipt::to_canonical;

namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("canonical JSON has one spelling for each value") {
  CHECK(to_canonical(boost::json::parse(R"( { "b" : [1, true, null], "a":"é\u0007\n\"\\\/" } )")).value() ==
        "{\"a\":\"\xc3\xa9\\u0007\\n\\\"\\\\/\",\"b\":[1,true,null]}");
  CHECK(to_canonical(boost::json::parse(R"({"Z":0,"a":0,"_":0,"A1":0,"A":0})")).value() ==
        R"({"A":0,"A1":0,"Z":0,"_":0,"a":0})");
}

TEST_CASE("canonical JSON is read back as it was written") {
  const std::string text =
      GENERATE("null", "true", "-7", "9007199254740991", "-9007199254740991", R"("")", "[]", "{}",
               R"({"a":{"b":[{"c":"\b\t\n\f\r\u0000\u001f\\\""}]}})", "\"\xe2\x80\xae\xf0\x9f\x92\xa3\x7f\"");
  CAPTURE(text);
  const auto value = parse_canonical(text);
  REQUIRE(value);
  CHECK(to_canonical(*value).value() == text);
}

TEST_CASE("any other spelling is refused") {
  const std::string text = GENERATE(
      // white space, order, duplicates
      " {}", "{} ", "{}\n", R"({"a": 1})", R"({"b":1,"a":2})", R"({"a":1,"a":1})", R"({"a":1,"a":2})",
      // numbers
      "1.0", "1e2", "-0", "01", "+1", "0.5", "9007199254740992", "-9007199254740992", "18446744073709551616",
      "1E400", "NaN", "Infinity",
      // escapes
      R"("\/")", R"("\u0041")", R"("\u000A")", R"("\u001F")", R"("\ud83d\udca3")", R"("\ud800")",
      // keys
      "{\"\xc3\xa9\":1}", R"({"\u0061":1})",
      // bytes
      "\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\xef\xbb\xbf{}", "{}{}", "", "[1,]", "//x\n{}", "'a'");
  CAPTURE(text);
  CHECK_FALSE(parse_canonical(text));
}

TEST_CASE("a NUL byte is never JSON") {
  CHECK_FALSE(parse_canonical(std::string("{}\0", 3)));
  CHECK_FALSE(parse_canonical(std::string("\"a\0\"", 4)));
}

TEST_CASE("64 levels are deep enough, 65 are refused") {
  CHECK(parse_canonical(nested(64)));
  CHECK_FALSE(parse_canonical(nested(65)));
  CHECK_FALSE(parse_canonical(nested(100'000)));
}

TEST_CASE("what the subset cannot say is not written") {
  CHECK_FALSE(to_canonical(boost::json::value(0.5)));
  CHECK_FALSE(to_canonical(boost::json::value(std::uint64_t{1} << 53)));
  CHECK_FALSE(to_canonical(boost::json::value(-(std::int64_t{1} << 53))));
  CHECK_FALSE(to_canonical(boost::json::value("\xff")));
  CHECK_FALSE(to_canonical(boost::json::object{{"\xc3\xa9", 1}}));
}

TEST_CASE("what is not canonical is said with its place") {
  CHECK(parse_canonical(R"({"b":1,"a":2})").error().trail.find("byte 2") != std::string::npos);
}
