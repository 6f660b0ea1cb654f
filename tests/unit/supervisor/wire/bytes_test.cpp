// Text forms of bytes: one spelling each.
#include "sandbox/base/bytes.hpp"

#include <catch2/catch.hpp>

using namespace pawl;

TEST_CASE("Base64 is RFC 4648's and reads back") {
  for (const auto& [plain, text] :
       {std::pair("", ""), {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(as_bytes(plain)) == text);
    const auto read = from_base64(text);
    REQUIRE(read);
    CHECK(as_text(*read) == plain);
  }
}

TEST_CASE("a second spelling of the same Base64 is refused") {
  for (const char* text : {"Zh==", "Zm9=", "Zg", "Zg=", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm 9"}) {
    INFO(text);
    CHECK_FALSE(from_base64(text));
  }
}

TEST_CASE("hexadecimal is lower case and whole") {
  CHECK(to_hex(Bytes{0, 0xab, 0xff}) == "00abff");
  CHECK(from_hex("00abff") == Bytes{0, 0xab, 0xff});
  for (const char* text : {"0", "AB", "0g", " 00"}) CHECK_FALSE(from_hex(text));
}

TEST_CASE("ids are 256 bits and do not repeat") {
  const std::string one = random_id();
  CHECK(one.size() == 64);
  CHECK(one != random_id());
}
