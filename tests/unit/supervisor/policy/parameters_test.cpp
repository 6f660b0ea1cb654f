#include "supervisor/policy/parameters.hpp"

#include <catch2/catch.hpp>

namespace pawl::policy {
namespace {

using Catch::Contains;

Action deploy() {
  return {.name = "deploy",
          .run = {"/usr/bin/ship", "{service}", "--image={image}", "{manifest}", "{}", "{service}{image}"},
          .parameters = {{.name = "service", .match = "[a-z{}]{0,30}"},
                         {.name = "image", .match = "-?[a-z]+", .leading_dash = Parameter::Dash::allowed},
                         {.name = "manifest", .kind = ParameterKind::file}}};
}

std::string complaint(std::string_view name, std::string value) {
  std::vector<GivenParameter> given = {{"service", "web"}, {"image", "a"}, {"manifest", "k8s/web.yaml"}};
  for (GivenParameter& parameter : given)
    if (parameter.name == name) parameter.value = std::move(value);
  const auto checked = check_parameters(deploy(), given);
  return checked ? std::string() : checked.error().trail;
}

TEST_CASE("good parameters come out in the order of the declaration") {
  const std::vector<GivenParameter> given = {
      {"manifest", "k8s/web.yaml"}, {"image", "-a"}, {"service", "web"}};
  const auto checked = check_parameters(deploy(), given);
  REQUIRE(checked);
  REQUIRE(checked->size() == 3);
  CHECK((*checked)[0].value == "web");
  CHECK((*checked)[1].value == "-a");
  CHECK((*checked)[2].value == "web.yaml");
  CHECK(expand_arguments(deploy().run, *checked) ==
        std::vector<std::string>{"/usr/bin/ship", "web", "--image=-a", "/run/pawl/inputs/manifest/web.yaml",
                                 "{}", "web-a"});
}

TEST_CASE("a value that spells another parameter is not expanded again") {
  const std::vector<GivenParameter> given = {{"service", "{image}"}, {"image", "x"}, {"manifest", "m"}};
  const auto checked = check_parameters(deploy(), given);
  REQUIRE(checked);
  CHECK(expand_arguments(deploy().run, *checked)[1] == "{image}");
  CHECK(expand_arguments(deploy().run, *checked)[5] == "{image}x");
}

TEST_CASE("parameters that are missing, unknown or doubled are refused") {
  const auto check = [](std::vector<GivenParameter> given) {
    const auto checked = check_parameters(deploy(), given);
    return checked ? std::string() : checked.error().text();
  };
  CHECK_THAT(check({{"service", "a"}, {"image", "b"}}),
             Contains("parameter 'manifest' is missing (it takes service, image, manifest)"));
  CHECK_THAT(check({{"service", "a"}, {"image", "b"}, {"manifest", "c"}, {"x\x1b", "y"}}),
             Contains("has no parameter 'x\\u{001B}'"));
  CHECK_THAT(check({{"service", "a"}, {"service", "b"}, {"image", "b"}, {"manifest", "c"}}),
             Contains("given twice"));
}

TEST_CASE("hostile values are refused") {
  CHECK(complaint("service", "web").empty());
  CHECK_THAT(complaint("service", std::string(1 << 20, 'a')), Contains("longer than 4096 bytes"));
  CHECK_THAT(complaint("service", std::string(31, 'a')), Contains("does not match"));
  CHECK_THAT(complaint("service", std::string("a\0b", 3)), Contains("control character (U+0000)"));
  CHECK_THAT(complaint("service", "a\n"), Contains("control character (U+000A)"));
  CHECK_THAT(complaint("service", "a\x7f"), Contains("control character"));
  CHECK_THAT(complaint("service", "-a"), Contains("starts with '-'"));
  CHECK_THAT(complaint("service", "WEB"), Contains("does not match"));
  CHECK_THAT(complaint("service", "\xff"), Contains("not valid UTF-8"));
  CHECK_THAT(complaint("service", "\xc0\xaf"), Contains("not valid UTF-8"));
  CHECK_THAT(complaint("service", "\xed\xa0\x80"), Contains("not valid UTF-8"));
  CHECK_THAT(complaint("service", "a\xe2\x80\xae"), Contains("direction control (U+202E)"));
  CHECK_THAT(complaint("service", "a\xe2\x80\x8b"), Contains("invisible character (U+200B)"));
  CHECK_THAT(complaint("service", "a\xe2\x80\xa8"), Contains("line separator"));
}

TEST_CASE("a file is known by its last segment only") {
  CHECK(complaint("manifest", "../../etc/passwd").empty());
  CHECK_THAT(complaint("manifest", "k8s/"), Contains("does not name a file"));
  CHECK_THAT(complaint("manifest", ".."), Contains("does not name a file"));
  CHECK_THAT(complaint("manifest", "k8s/-rf"), Contains("starts with '-'"));
  CHECK_THAT(complaint("manifest", std::string(256, 'a')), Contains("does not name a file"));
  CHECK_THAT(complaint("manifest", "a\nb"), Contains("control character"));
}

}  // namespace
}  // namespace pawl::policy
