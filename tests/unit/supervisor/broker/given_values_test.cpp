#include "supervisor/broker/given_values.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using policy::CheckedParameter;
using policy::ParameterKind;

TEST_CASE("the values of a request are read back as they were given, without the files") {
  const std::vector<CheckedParameter> parameters{{"service", ParameterKind::text, "we\"b \\ \u00fc"},
                                                 {"manifest", ParameterKind::file, "web.yaml"},
                                                 {"image", ParameterKind::text, ""}};
  const std::string text = broker::write_parameters(parameters).value();
  const auto given = broker::read_parameters(text).value();
  REQUIRE(given.size() == 2);
  CHECK(given[0].name == "service");
  CHECK(given[0].value == parameters[0].value);
  CHECK(given[1].name == "image");
  CHECK(given[1].value.empty());
  CHECK(broker::read_parameters(broker::write_parameters({}).value()).value().empty());
}

TEST_CASE("values that are not exactly what was written are not read") {
  const std::string text = broker::write_parameters({{"a", ParameterKind::text, "b"}}).value();
  CHECK_FALSE(broker::read_parameters(text + " "));
  CHECK_FALSE(broker::read_parameters(text.substr(1)));
  CHECK_FALSE(broker::read_parameters(""));
  CHECK_FALSE(broker::read_parameters(R"({"parameters":[{"name":"a"}]})"));
}
