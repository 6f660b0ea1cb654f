// Frames: what one side writes the other reads, and nothing else is read.
#include "supervisor/wire/frame.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "supervisor/wire/agent_messages.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "supervisor/wire/service_messages.hpp"

using namespace pawl;
using namespace pawl::wire;

namespace {

RequestShown full_request() {
  RequestShown shown;
  shown.info = {std::string(64, 'a'),
                std::string(64, 'b'),
                "deployer",
                "deploy",
                "alice",
                "deployctl web",
                "two-person",
                2,
                1,
                1'000,
                2'000,
                RequestState::denied,
                "use a rolling update",
                std::string(64, 'c'),
                true,
                {{"@security", 1}}};
  shown.audience = "prod";
  shown.document = "{}";
  shown.why = "because";
  shown.policy.fill(7);
  shown.issued = -1;
  shown.expires = 900;
  shown.from = {"@sre", "carol"};
  shown.caller_groups = {"@sre"};
  shown.decisions = {{"bob", "@sre", true, "", 5}, {"carol", "carol", false, "no", 6}};
  shown.exit_code = -3;
  shown.output = "out";
  shown.output_truncated = true;
  shown.preview.emplace().fill(9);
  shown.rollback = "undeploy";
  shown.replaces = std::string(64, 'd');
  shown.replaced_by = std::string(64, 'e');
  shown.agent = "session";
  shown.groups = {{"@sre", 1, 1, 0}, {"carol", 0, 0, 300'000}};
  shown.hardware = true;
  return shown;
}

std::string golden(const std::string& name) {
  std::ifstream file(PAWL_SOURCE_ROOT "/tests/golden/wire/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a message survives its frame") {
  const auto read = unframe<RequestShown>(frame(full_request()));
  REQUIRE(read);
  CHECK(codec::encode(*read) == codec::encode(full_request()));
  CHECK(read->decisions.at(1).reason == "no");
  CHECK(read->exit_code == -3);
  CHECK(read->issued == -1);
}

TEST_CASE("every cut of a frame is refused") {
  const Bytes whole = frame(full_request());
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_FALSE(unframe<RequestShown>(ByteSpan(whole).first(size)));
}

TEST_CASE("bytes behind a message are refused") {
  Bytes bytes = frame(Hello{});
  bytes.push_back(0);
  CHECK_FALSE(unframe<Hello>(bytes));
}

TEST_CASE("a message is not read as another type") {
  CHECK_FALSE(unframe<AgentHello>(frame(Hello{})));
  CHECK_FALSE(type_of(Bytes{0}));
}

TEST_CASE("a list's count beyond the bytes there allocates nothing and is refused") {
  Bytes bytes = frame(Sessions{});
  bytes[2] = 0xff;  // the count's highest byte
  CHECK_FALSE(unframe<Sessions>(bytes));
}

TEST_CASE("enums and booleans have only the values they name") {
  Bytes failure = frame(Failure{FailureKind::busy, "", ""});
  failure[2] = static_cast<std::uint8_t>(FailureKind::busy) + 1;
  CHECK_FALSE(unframe<Failure>(failure));
  Bytes list = frame(ListSessions{true});
  list[2] = 2;
  CHECK_FALSE(unframe<ListSessions>(list));
}

TEST_CASE("frames have the bytes that PROTOCOL.md promises") {
  CHECK(to_hex(frame(Hello{})) == golden("hello.hex"));
  CHECK(to_hex(frame(full_request())) == golden("request_shown.hex"));
  CHECK(to_hex(frame(Propose{"deploy", {{"service", "web"}}, {{"manifest", "web.yaml"}}, "why"})) ==
        golden("propose.hex"));
  CHECK(to_hex(frame(EgressConnected{1, "", "s3cret"})) == golden("egress_connected.hex"));
}
