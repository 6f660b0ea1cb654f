#include "supervisor/egress/dial_target.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;

namespace {

std::vector<Address> addresses(std::initializer_list<const char*> texts) {
  std::vector<Address> out;
  for (const char* text : texts) out.push_back(*parse_address(text));
  return out;
}

}  // namespace

TEST_CASE("private addresses are left out unless they are listed exactly", "[egress][dial]") {
  const auto mixed = addresses({"10.1.2.3", "8.8.8.8", "::1", "2606:4700::1"});
  CHECK(permitted("h", mixed, {}).value() == addresses({"8.8.8.8", "2606:4700::1"}));
  CHECK(permitted("h", mixed, addresses({"10.1.2.3"})).value() ==
        addresses({"10.1.2.3", "8.8.8.8", "2606:4700::1"}));
  CHECK_FALSE(permitted("h", addresses({"10.1.2.3"}), addresses({"10.1.2.4"})));
  CHECK_FALSE(permitted("h", addresses({"::ffff:127.0.0.1"}), addresses({"127.0.0.1"})));
}

TEST_CASE("the refusal names the address, its kind and who could list it", "[egress][dial]") {
  CHECK(permitted("api.example.com", addresses({"10.1.2.3"}), {}).error().text() ==
        "api.example.com resolves to the private address 10.1.2.3, which the policy does not list");
  CHECK(permitted("api.example.com", {}, {}).error().text() == "api.example.com does not resolve");
}

TEST_CASE("a name that a resolver could take for a number is refused", "[egress][dial]") {
  for (const char* good :
       {"api.anthropic.com", "localhost", "a_b.example", "xn--bcher-kva.example", "1a.example"})
    CHECK(check_name(good));
  for (const std::string& bad :
       {std::string("127.1"), std::string("2130706433"), std::string("0x7f000001"), std::string("a.0x7f"),
        std::string("1.2.3.400"), std::string("host."), std::string(".host"), std::string("a..b"),
        std::string(""), std::string("a b"), std::string("a/b"), std::string("fe80::1%lo"),
        std::string("b\xc3\xbc"), std::string("a\0b", 3), std::string(64, 'a'), std::string(254, 'a')}) {
    INFO(bad);
    CHECK_FALSE(check_name(bad));
  }
}

TEST_CASE("a listed text that is no address is refused, not passed over", "[egress][dial]") {
  const std::string good[] = {"127.0.0.1", "::1"};
  CHECK(read_listed(good).value() == addresses({"127.0.0.1", "::1"}));
  const std::string bad[] = {"127.0.0.0/8"};
  CHECK_FALSE(read_listed(bad));
}
