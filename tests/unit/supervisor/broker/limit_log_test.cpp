#include "supervisor/broker/limit_log.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace pawl;
using broker::LimitLog;

namespace {

const approval::Asker kAsker{std::string(64, 'a'), "alice"};

}  // namespace

TEST_CASE("refusals by a limit become one entry for an asker and a minute, with their number") {
  broker::Loop loop;
  std::vector<boost::json::object> written;
  LimitLog log(loop, [&](boost::json::object body) -> Result<> {
    written.push_back(std::move(body));
    return {};
  });
  for (int i = 0; i < 500; ++i) log.add_refused(kAsker, "deployer", "deploy", "too often");
  log.add_joined(kAsker, "deployer", "deploy");
  log.add_refused({"", "bob"}, "pipeline", "ship", "\x1b[31mred");
  CHECK(written.empty());
  log.flush();
  REQUIRE(written.size() == 2);
  CHECK(written[0].at("person") == "bob");
  CHECK(written[0].at("reason").as_string().find('\x1b') == std::string::npos);
  CHECK(written[1].at("refused") == 500);
  CHECK(written[1].at("joined") == 1);
  CHECK(written[1].at("reason") == "too often");
  log.flush();
  CHECK(written.size() == 2);
}

TEST_CASE("what cannot be written is counted on") {
  broker::Loop loop;
  bool full = true;
  std::vector<boost::json::object> written;
  LimitLog log(loop, [&](boost::json::object body) -> Result<> {
    if (full) return refuse("the disk is full");
    written.push_back(std::move(body));
    return {};
  });
  log.add_refused(kAsker, "deployer", "deploy", "too often");
  log.flush();
  CHECK(written.empty());
  full = false;
  log.add_refused(kAsker, "deployer", "deploy", "too often");
  log.flush();
  REQUIRE(written.size() == 1);
  CHECK(written[0].at("refused") == 2);
}
