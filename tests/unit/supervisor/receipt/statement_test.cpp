#include "supervisor/receipt/statement.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/receipt/dsse.hpp"
#include "tests/support/sample_receipt.hpp"

using namespace pawl;
using receipt::Binding;
using receipt::read_statement;
using receipt::Statement;
using receipt::Verdict;
using receipt::write_statement;

namespace {

std::string with(std::string bytes, std::string_view from, std::string_view to) {
  const std::size_t at = bytes.find(from);
  REQUIRE(at != std::string::npos);
  return bytes.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a statement is read back as it was written") {
  Statement statement = test::sample_statement();
  SECTION("approval") {}
  SECTION("denial") {
    statement.verdict = Verdict::deny;
    statement.reason = "use a rolling update";
  }
  SECTION("with a preview") { statement.binding.preview = receipt::sha256("preview"); }
  SECTION("without words") { statement.reason = ""; }
  SECTION("of what a person asked without a session") {
    statement.binding.session = statement.binding.agent = "";
  }
  const std::string bytes = write_statement(statement).value();
  CHECK(read_statement(bytes).value() == statement);
}

TEST_CASE("a statement is an in-toto statement about the one action") {
  const std::string bytes = write_statement(test::sample_statement()).value();
  CHECK(bytes.starts_with(R"({"_type":"https://in-toto.io/Statement/v1","predicate":{)"));
  CHECK(bytes.find(R"("predicateType":"https://pawl.dev/decision/v1")") != std::string::npos);
  CHECK(bytes.find(R"("subject":[{"digest":{"sha256":")") != std::string::npos);
  CHECK(bytes.find(R"("max_uses":1)") != std::string::npos);
}

TEST_CASE("a statement that says anything more, less or else is refused") {
  const std::string good = write_statement(test::sample_statement()).value();
  REQUIRE(read_statement(good));
  CHECK_FALSE(read_statement(with(good, R"("max_uses":1)", R"("max_uses":2)")));
  CHECK_FALSE(read_statement(with(good, R"("max_uses":1,)", "")));
  CHECK_FALSE(read_statement(with(good, R"("max_uses":1,)", R"("max_uses":1,"more":1,)")));
  CHECK_FALSE(read_statement(with(good, "Statement/v1", "Statement/v0.1")));
  CHECK_FALSE(read_statement(with(good, "decision/v1", "decision/v2")));
  CHECK_FALSE(read_statement(with(good, R"("name":"action")", R"("name":"other")")));
  CHECK_FALSE(read_statement(with(good, R"("verdict":"approve")", R"("verdict":"allow")")));
  CHECK_FALSE(read_statement(
      with(good, R"("subject":[)",
           R"("subject":[{"digest":{"sha256":")" + std::string(64, '0') + R"("},"name":"action"},)")));
  CHECK_FALSE(read_statement(with(good, R"("preview":null)", R"("preview":"")")));
  CHECK_FALSE(read_statement(" " + good));
  CHECK_FALSE(read_statement(good + "\n"));
}

TEST_CASE("keys of a statement in another order or twice are refused") {
  const std::string good = write_statement(test::sample_statement()).value();
  CHECK_FALSE(read_statement(with(good, R"("group":"@sre",)", R"("group":"@sre","group":"@sre",)")));
  CHECK_FALSE(read_statement(
      with(good, R"("person":"alice","policy")", R"("person":"alice","person":"alice","policy")")));
  const std::string moved =
      with(with(good, R"("group":"@sre",)", ""), R"("time":)", R"("group":"@sre","time":)");
  CHECK_FALSE(read_statement(moved));
}

TEST_CASE("a malformed statement is neither written nor read") {
  using Damage = std::function<void(Statement&)>;
  const Damage damages[] = {
      [](auto& s) { s.binding.request = "abc"; },
      [](auto& s) { s.binding.request[0] = 'G'; },
      [](auto& s) { s.binding.request[0] = 'A'; },
      [](auto& s) { s.binding.session.pop_back(); },
      [](auto& s) { s.binding.audience = ""; },
      [](auto& s) { s.binding.role = "a b"; },
      [](auto& s) { s.binding.agent = ""; },
      [](auto& s) { s.binding.agent = std::string(257, 'a'); },
      [](auto& s) { s.binding.launcher = ""; },
      [](auto& s) { s.binding.renderer = 0; },
      [](auto& s) { s.binding.expires = s.binding.issued; },
      [](auto& s) { s.binding.issued = -1; },
      [](auto& s) { s.person = "alice*"; },
      [](auto& s) { s.group = ""; },
      [](auto& s) { s.reason = std::string(281, 'a'); },
      [](auto& s) { s.reason = "\xff"; },
      [](auto& s) { s.verdict = Verdict::deny, s.reason = ""; },
      [](auto& s) { s.time = -1; },
  };
  for (const Damage& damage : damages) {
    Statement statement = test::sample_statement();
    damage(statement);
    CAPTURE(&damage - damages);
    CHECK_FALSE(write_statement(statement));
  }
}

TEST_CASE("280 characters of a reason are counted as characters, not bytes") {
  Statement statement = test::sample_statement();
  for (int i = 0; i < 280; ++i) statement.reason += "\xc3\xa9";
  statement.reason = statement.reason.substr(std::string("rollout as planned").size());
  CHECK(write_statement(statement));
  statement.reason += "x";
  CHECK_FALSE(write_statement(statement));
}

TEST_CASE("the first field in which a statement differs from the request is named") {
  struct Change {
    std::function<void(Binding&)> apply;
    std::string_view named;
  };
  const Change changes[] = {
      {[](auto& b) { b.request[5] = '0'; }, "request"},
      {[](auto& b) { b.audience = "other-broker"; }, "audience"},
      {[](auto& b) { b.document[0] ^= 1; }, "action document"},
      {[](auto& b) { b.role = "coder"; }, "role"},
      {[](auto& b) { b.session[5] = '0'; }, "session"},
      {[](auto& b) { b.agent = "x"; }, "requesting agent"},
      {[](auto& b) { b.launcher = "bob"; }, "requesting person"},
      {[](auto& b) { b.policy[0] ^= 1; }, "policy"},
      {[](auto& b) { b.preview = Digest{}; }, "preview"},
      {[](auto& b) { b.rendered[0] ^= 1; }, "rendered text"},
      {[](auto& b) { b.renderer += 1; }, "renderer version"},
      {[](auto& b) { b.issued -= 1; }, "time of issue"},
      {[](auto& b) { b.expires += 1; }, "expiry"},
  };
  const Binding asked = test::sample_statement().binding;
  CHECK(receipt::matches(asked, asked));
  for (const Change& change : changes) {
    Binding signed_binding = asked;
    change.apply(signed_binding);
    const auto result = receipt::matches(signed_binding, asked);
    REQUIRE_FALSE(result);
    CHECK(result.error().trail.find(std::string(change.named)) != std::string::npos);
  }
}

TEST_CASE("a reviewer's clock may be five minutes off, not more") {
  Statement statement = test::sample_statement();
  statement.time = statement.binding.issued - 300;
  CHECK(receipt::check_time(statement));
  statement.time = statement.binding.issued - 301;
  CHECK_FALSE(receipt::check_time(statement));
  statement.time = statement.binding.expires + 299;
  CHECK(receipt::check_time(statement));
  statement.time = statement.binding.expires + 300;
  CHECK_FALSE(receipt::check_time(statement));
}

TEST_CASE("the pre-authentication encoding signs type and length with the body") {
  CHECK(receipt::pre_authentication_encoding("{}") == "DSSEv1 28 application/vnd.in-toto+json 2 {}");
  CHECK(receipt::pre_authentication_encoding("") == "DSSEv1 28 application/vnd.in-toto+json 0 ");
}
