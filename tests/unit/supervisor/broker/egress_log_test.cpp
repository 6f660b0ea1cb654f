// Whatever an agent writes into its requests, what left is on record, and what could not be recorded is
// counted.
#include "supervisor/broker/egress_log.hpp"

#include <catch2/catch.hpp>

#include "supervisor/ledger/entry.hpp"

using namespace pawl;
using broker::EgressLog;

namespace {

wire::EgressReport report(const std::string& method, const std::string& path) {
  wire::EgressReport made;
  made.route = "anthropic";
  made.method = method;
  made.path = path;
  return made;
}

struct Ledger {
  std::vector<boost::json::object> bodies;
  bool full = false;

  Result<> write(boost::json::object body) {
    if (full) return refuse("no space");
    ledger::Entry entry;
    entry.kind = ledger::Kind::egress;
    entry.body = body;
    if (auto line = ledger::write_entry(entry); !line) return std::unexpected(std::move(line).error());
    bodies.push_back(std::move(body));
    return {};
  }
  std::int64_t sum(const char* key) const {
    std::int64_t all = 0;
    for (const auto& body : bodies) all += body.at(key).as_int64();
    return all;
  }
  std::size_t requests() const {
    std::size_t all = 0;
    for (const auto& body : bodies) all += body.at("requests").as_array().size();
    return all;
  }
};

}  // namespace

TEST_CASE("requests whose words grow when they are quoted hide nothing") {
  const std::string long_text = GENERATE(std::string(200, '\\'), std::string(4000, '"'),
                                         std::string(200, '\n'), std::string(3000, '\xff'));
  broker::Loop loop;
  Ledger ledger;
  EgressLog log(loop, std::string(64, 'a'),
                [&](boost::json::object body) { return ledger.write(std::move(body)); });
  log.add(report("POST", "/v1/hidden"));
  for (int i = 0; i < 120; ++i) log.add(report(long_text, long_text));
  log.flush();
  CHECK(ledger.requests() == 100);
  CHECK(ledger.sum("omitted") == 21);
  CHECK(ledger.sum("lost") == 0);
  CHECK(ledger.bodies.at(0).at("requests").at(0).at("path").as_string() == "/v1/hidden");
}

TEST_CASE("text is not cut within a character") {
  broker::Loop loop;
  Ledger ledger;
  EgressLog log(loop, "a", [&](boost::json::object body) { return ledger.write(std::move(body)); });
  for (std::size_t before = 0; before < 4; ++before) {
    std::string path(before, 'x');
    for (int i = 0; i < 200; ++i) path += "\xC3\xA9";
    log.add(report("GET", path));
  }
  log.flush();
  CHECK(ledger.requests() == 4);
}

TEST_CASE("what could not be written is told as soon as something can be") {
  broker::Loop loop;
  Ledger ledger;
  EgressLog log(loop, "a", [&](boost::json::object body) { return ledger.write(std::move(body)); });
  ledger.full = true;
  for (int i = 0; i < 103; ++i) log.add(report("GET", "/v1"));
  log.flush();
  CHECK(ledger.bodies.empty());
  ledger.full = false;
  log.flush();  // its timer does so too
  CHECK(ledger.sum("lost") == 100);
  CHECK(ledger.sum("omitted") == 3);
}
