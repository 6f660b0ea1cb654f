// A session's routes stay what they were, in the ledger and in the comparison before each dial.
#include "supervisor/broker/routes.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace pawl;
using namespace pawl::broker;

namespace {

policy::LlmRoute llm(std::string upstream) {
  return {.name = "anthropic", .api = "anthropic", .upstream = std::move(upstream), .secret = "model"};
}

}  // namespace

TEST_CASE("a route that leads elsewhere, otherwise, or with another slot is not the same") {
  const wire::Route opened = routes_of({.llm = {llm("http://127.0.0.1:8080")}}).front();
  CHECK_FALSE(opened.placeholder.empty());
  CHECK(same_route(opened, route_of(llm("http://127.0.0.1:8080"))));
  for (const char* upstream : {"https://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.2:8080",
                               "https://api.anthropic.com"})
    CHECK_FALSE(same_route(opened, route_of(llm(upstream))));
  policy::LlmRoute other = llm("http://127.0.0.1:8080");
  other.api = "openai";
  CHECK_FALSE(same_route(opened, route_of(other)));
  other = llm("http://127.0.0.1:8080");
  other.secret.clear();
  CHECK_FALSE(same_route(opened, route_of(other)));
}

TEST_CASE("routes come back from the ledger as they went in, in their order") {
  policy::LlmRoute second = llm("https://[2001:db8::1]:8443");
  second.name = second.api = "openai";
  const auto routes = routes_of({.llm = {llm("https://api.anthropic.com"), second}});
  CHECK(routes[1].host == "2001:db8::1");
  CHECK(routes[1].port == 8443);
  boost::json::object body;
  body["routes"] = routes_to_json(routes);
  // As a restart reads it.
  const auto read = boost::json::parse(boost::json::serialize(body));
  CHECK(routes_from_json(read.as_object()) == routes);
}

TEST_CASE("an entry without routes, or with a damaged one, gives none") {
  CHECK(routes_from_json({}).empty());
  boost::json::array list =
      routes_to_json(routes_of({.llm = {llm("https://api.anthropic.com"), llm("https://b.example")}}));
  list[1].as_object().erase("host");
  CHECK(routes_from_json({{"routes", list}}).empty());
}
