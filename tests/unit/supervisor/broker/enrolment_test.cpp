// A key that came and went again is seen in the ledger.
#include "supervisor/broker/enrolment.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "supervisor/receipt/public_key.hpp"

using namespace pawl;
using namespace pawl::broker;

namespace {

const std::string kFirst = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const std::string kSecond =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA";

policy::Person person(const std::string& name, std::vector<std::string> keys) {
  return {name, {1000}, std::move(keys), {"sre"}};
}

}  // namespace

TEST_CASE("a person is told by name, uids, groups and the fingerprints of all keys") {
  const auto people = describe_people({person("carol", {kFirst, kSecond})});
  const auto& carol = people.at(0).as_object();
  CHECK(carol.at("name").as_string() == "carol");
  CHECK(carol.at("groups").at(0).as_string() == "sre");
  REQUIRE(carol.at("keys").as_array().size() == 2);
  CHECK(std::string(carol.at("keys").at(0).as_string()) ==
        receipt::fingerprint(receipt::parse_public_key(kFirst).value()));
}

TEST_CASE("who came, went or changed is told, with what was before") {
  const auto before = describe_people({person("alice", {kFirst}), person("bob", {})});
  const auto now = describe_people({person("alice", {kFirst, kSecond}), person("carol", {})});
  const auto changes = enrolment_changes(before, now);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].at("person").as_string() == "bob");
  CHECK(changes[0].at("now").is_null());
  CHECK(changes[1].at("person").as_string() == "alice");
  CHECK(changes[1].at("before").at("keys").as_array().size() == 1);
  CHECK(changes[1].at("now").at("keys").as_array().size() == 2);
  CHECK(changes[2].at("before").is_null());
  CHECK(enrolment_changes(now, now).empty());
}

TEST_CASE("people who do not fit one entry are told by their digest") {
  policy::Policy policy;
  for (int i = 0; i < 2000; ++i) policy.people.push_back(person("p" + std::to_string(i), {kFirst}));
  const auto body = describe_policy(policy);
  CHECK_FALSE(body.contains("people"));
  CHECK(body.at("people_sha256").as_string().size() == 64);
  CHECK(boost::json::serialize(body).size() < ledger::kMaxEntryBytes);
}
