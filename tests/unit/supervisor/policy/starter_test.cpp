#include "supervisor/policy/starter.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/keys.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;

Person alice() {
  return {.name = "alice", .uids = {1000, 0}, .keys = {std::string(test::kAliceKey) + " alice@laptop"}};
}

std::string keys_document() {
  std::ifstream file(std::string(PAWL_SOURCE_ROOT) + "/policies/KEYS.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

// "## heading" to the next one.
std::string section(const std::string& document, std::string_view heading) {
  const auto start = document.find("\n## " + std::string(heading) + "\n");
  if (start == std::string::npos) return {};
  return document.substr(start, document.find("\n## ", start + 1) - start);
}

TEST_CASE("the shipped roles are without problems in an embedded home that pawl init made") {
  const auto files = embedded_starter(alice(), "alice@laptop");
  REQUIRE(files);
  const auto policy = build({.kind = HomeKind::embedded}, *files);
  REQUIRE(policy);
  CHECK(policy->notes.empty());
  CHECK(policy->settings.audience == "alice@laptop");
  for (const char* name : {"observer", "coder", "deployer", "pipeline"})
    CHECK(policy->find_role(name) != nullptr);
  // One person alone approves what their own agent asks.
  const Role& deployer = *policy->find_role("deployer");
  const auto rule = effective_rule(*policy, deployer, *deployer.find_action("deploy"), "alice");
  REQUIRE(rule);
  CHECK(rule->quorum == 1);
  CHECK(rule->find("alice") != nullptr);
}

TEST_CASE("the shipped roles are without problems in the system example, and need two others") {
  const auto policy = build({.kind = HomeKind::system}, system_example());
  REQUIRE(policy);
  CHECK(policy->notes.empty());
  const Role& deployer = *policy->find_role("deployer");
  const auto rule = effective_rule(*policy, deployer, *deployer.find_action("deploy"), "alice");
  REQUIRE(rule);
  CHECK(rule->quorum == 2);
  CHECK(rule->find("alice") == nullptr);
  CHECK(may_launch(*policy, deployer, policy->find_person("alice")));
}

TEST_CASE("the observer asks nothing and holds nothing, the coder has no action") {
  const auto policy = build({.kind = HomeKind::system}, system_example());
  REQUIRE(policy);
  const Role& observer = *policy->find_role("observer");
  CHECK(observer.actions.empty());
  CHECK(observer.llm.empty());
  CHECK(observer.sandbox.files.workspace == WorkspaceMode::read_only);
  CHECK(policy->find_role("coder")->actions.empty());
  CHECK(policy->find_role("coder")->sandbox.files.workspace == WorkspaceMode::overlay);
}

TEST_CASE("pawl init refuses a person or an audience that would not read back") {
  CHECK_FALSE(embedded_starter({.name = "Alice", .uids = {1}, .keys = {std::string(test::kAliceKey)}}, "a"));
  CHECK_FALSE(embedded_starter({.name = "alice", .uids = {1}}, "a"));
  CHECK_FALSE(embedded_starter({.name = "alice", .uids = {1}, .keys = {"ssh-ed25519 nonsense"}}, "a"));
  const auto injected = embedded_starter(alice(), "a\"\nplain_http = [\"127.0.0.1:1\"]\n#");
  REQUIRE_FALSE(injected);
  CHECK_THAT(injected.error().trail, Contains("is not a name for a broker"));
}

TEST_CASE("KEYS.md documents every key, and names what is not there yet") {
  const std::string document = keys_document();
  const std::string later = section(document, "Not in this version");
  REQUIRE_FALSE(later.empty());
  for (const Table table : kTables) {
    const std::string text = section(document, name_of(table));
    INFO("table " << name_of(table));
    REQUIRE_FALSE(text.empty());
    for (const Key& key : keys_of(table)) {
      INFO("key " << key.name);
      const bool described = text.find("| `" + std::string(key.name) + "` |") != std::string::npos;
      CHECK(described == (key.availability == Availability::available));
      if (key.availability == Availability::later)
        CHECK_THAT(later, Contains("`" + std::string(key.name) + "`"));
    }
  }
}

TEST_CASE("the editors' schemas know exactly the keys that are available") {
  std::map<std::string, boost::json::object> tables;
  for (const SourceFile& file : schema_files()) {
    const boost::json::value schema = boost::json::parse(file.text);
    for (const auto& [name, definition] : schema.at("definitions").as_object())
      tables.emplace(name, definition.at("properties").as_object());
  }
  for (const Table table : kTables) {
    INFO("table " << name_of(table));
    const auto found = tables.find(std::string(name_of(table)));
    REQUIRE(found != tables.end());
    std::size_t available = 0;
    for (const Key& key : keys_of(table)) {
      INFO("key " << key.name);
      CHECK(found->second.contains(key.name) == (key.availability == Availability::available));
      if (key.availability == Availability::available) ++available;
    }
    CHECK(found->second.size() == available);
  }
}

TEST_CASE("the nearest key is only offered when it is near") {
  constexpr std::string_view known[] = {"quorum", "from", "expires"};
  CHECK(nearest("qourum", known) == "quorum");
  CHECK(nearest("form", known) == "from");
  CHECK(nearest("expire", known) == "expires");
  CHECK(nearest("entirely", known).empty());
  CHECK(nearest(std::string(10'000, 'q'), known).empty());
}

}  // namespace
}  // namespace pawl::policy
