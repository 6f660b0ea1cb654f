// One call's conversation with the broker, on a clock of the test's: it outlives a broker's restart, never a
// deadline, and asks for the same thing once.
#include "tools/pawl-agent/errand.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl-agent/fake_broker.hpp"

using namespace pawl;
using namespace pawl::agent;
using std::chrono::milliseconds;
using tools::ExitCode;
using wire::RequestState;

namespace {

struct Trip {
  test::FakeBroker broker;
  Clock::time_point now = Clock::now();
  Errand errand;

  Trip(Goal goal, milliseconds wait) : errand({broker.path(), std::move(goal), wait}, now) {}

  void hear() { errand.advance(Errand::Event::readable, now); }
  void tick() {
    now = std::max(now, errand.wakes());
    errand.advance(Errand::Event::timer, now);
  }
  void greet() {
    tick();
    broker.accept();
    CHECK(broker.read<wire::AgentHello>().protocol == wire::kProtocol);
    broker.answer(test::sample_welcome());
    hear();
  }
  template <class Message>
  void tell(const Message& message) {
    broker.answer(message);
    hear();
  }
  tools::Trouble trouble() const {
    REQUIRE(errand.outcome().has_value());
    REQUIRE_FALSE(errand.outcome()->has_value());
    return errand.outcome()->error();
  }
  wire::RequestStatus status() const {
    REQUIRE(errand.outcome().has_value());
    REQUIRE(errand.outcome()->has_value());
    return std::get<wire::RequestStatus>(**errand.outcome());
  }
};

}  // namespace

TEST_CASE("a request is proposed with its files and then waited for until it is final") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "web.yaml", "kind: Web\n");
  Trip trip(Wish{"deploy", {{"service", "web"}, {"manifest", directory / "web.yaml"}}, "why"},
            milliseconds(90'000));
  trip.greet();
  const auto proposed = trip.broker.read<wire::Propose>();
  CHECK(proposed.action == "deploy");
  CHECK(trip.broker.descriptors.size() == 1);
  trip.tell(test::sample_status(RequestState::pending));
  CHECK_FALSE(trip.errand.outcome().has_value());
  const auto asked = trip.broker.read<wire::AwaitRequest>();
  CHECK(asked.id == std::string(64, 'a'));
  CHECK(asked.wait == 60'000);  // asked again after a minute: no ask hangs for longer
  trip.tell(test::sample_status(RequestState::denied));
  CHECK(trip.status().state == RequestState::denied);
  CHECK(trip.errand.fd() == -1);
}

TEST_CASE("a request that was asked again, because its preview had changed, is followed under its new id") {
  Trip trip(Follow{"aaaaaaaaaaaa"}, milliseconds(90'000));
  trip.greet();
  (void)trip.broker.read<wire::AwaitRequest>();
  wire::RequestStatus status = test::sample_status(RequestState::voided);
  status.replaced_by = std::string(64, 'b');
  trip.tell(status);
  CHECK_FALSE(trip.errand.outcome().has_value());
  CHECK(trip.broker.read<wire::AwaitRequest>().id == std::string(64, 'b'));
  status = test::sample_status(RequestState::done);
  status.id = std::string(64, 'b');
  trip.tell(status);
  CHECK(trip.status().id == std::string(64, 'b'));
  CHECK(trip.status().state == RequestState::done);
}

TEST_CASE("when the time is up while it is asked again, the new id is told, and it counts as pending") {
  Trip trip(Follow{"aaaaaaaaaaaa"}, milliseconds(0));
  trip.greet();
  (void)trip.broker.read<wire::AwaitRequest>();
  wire::RequestStatus status = test::sample_status(RequestState::voided);
  status.replaced_by = std::string(64, 'b');
  trip.tell(status);
  CHECK(trip.status().replaced_by == std::string(64, 'b'));
}

TEST_CASE("the broker is given the time that the action's preview may take before it answers") {
  Trip trip(Wish{"look", {}, ""}, milliseconds(300'000));
  trip.tick();
  trip.broker.accept();
  (void)trip.broker.read<wire::AgentHello>();
  wire::AgentWelcome welcome = test::sample_welcome();
  for (wire::ActionInfo& action : welcome.actions) action.preview_timeout = 100;
  trip.broker.answer(welcome);
  const auto before = trip.now;
  trip.hear();
  (void)trip.broker.read<wire::Propose>();
  CHECK(trip.errand.wakes() - before == milliseconds(160'000));
}

TEST_CASE("without time to wait the first answer is the outcome") {
  Trip trip(Wish{"look", {}, ""}, milliseconds(0));
  trip.greet();
  (void)trip.broker.read<wire::Propose>();
  trip.tell(test::sample_status(RequestState::pending));
  CHECK(trip.status().state == RequestState::pending);
}

TEST_CASE("after the broker came back the pending request is asked for and not made again") {
  Trip trip(Wish{"look", {}, ""}, milliseconds(90'000));
  trip.greet();
  (void)trip.broker.read<wire::Propose>();
  auto joined = test::sample_status(RequestState::pending);
  joined.joined = true;
  trip.tell(joined);
  (void)trip.broker.read<wire::AwaitRequest>();
  trip.broker.stop();
  trip.hear();
  trip.tick();  // nobody listens
  CHECK_FALSE(trip.errand.outcome().has_value());
  trip.broker.start();
  trip.greet();
  CHECK(trip.broker.read<wire::AwaitRequest>().id == std::string(64, 'a'));
  trip.tell(test::sample_status(RequestState::done));
  CHECK(trip.status().joined);  // told once, and still true
}

TEST_CASE("a broker that never comes is given up at the deadline, not before") {
  Trip trip(ListActions{}, milliseconds(5000));
  trip.broker.stop();
  const auto begin = trip.now;
  int tries = 0;
  for (; !trip.errand.outcome() && tries < 100; ++tries) trip.tick();
  CHECK(trip.now - begin == milliseconds(5000));
  CHECK(tries > 3);
  CHECK(tries < 20);
  CHECK(trip.trouble().code == ExitCode::unreachable);
  CHECK_THAT(trip.trouble().line(),
             Catch::Contains("cannot be reached") && Catch::Contains("nothing was lost"));
}

TEST_CASE("losing the broker over a pending request tells its id") {
  Trip trip(Wish{"look", {}, ""}, milliseconds(300));
  trip.greet();
  (void)trip.broker.read<wire::Propose>();
  trip.tell(test::sample_status(RequestState::pending));
  trip.broker.stop();
  trip.hear();
  for (int i = 0; !trip.errand.outcome() && i < 100; ++i) trip.tick();
  CHECK(trip.trouble().code == ExitCode::unreachable);
  CHECK_THAT(trip.trouble().line(),
             Catch::Contains("stands") && Catch::Contains("pawl-agent status " + std::string(12, 'a')));
}

TEST_CASE("a broker that accepts and then says nothing is left for another try") {
  Trip trip(ListActions{}, milliseconds(60'000));
  trip.tick();
  trip.broker.accept();
  (void)trip.broker.read<wire::AgentHello>();
  trip.errand.advance(Errand::Event::timer, trip.now + milliseconds(9000));
  CHECK(trip.errand.fd() >= 0);
  trip.tick();
  CHECK(trip.errand.fd() == -1);
  CHECK_FALSE(trip.errand.outcome().has_value());
}

TEST_CASE("the broker's refusal is the outcome, in its words and with its exit code") {
  Trip trip(Follow{"abcdef12"}, milliseconds(0));
  trip.greet();
  CHECK(trip.broker.read<wire::AwaitRequest>().id == "abcdef12");
  trip.tell(wire::Failure{wire::FailureKind::not_found, "no such request", "look again"});
  CHECK(trip.trouble().code == ExitCode::failed);
  CHECK(trip.trouble().line() == "no such request (look again)");
}

TEST_CASE("a broker of another protocol is not talked to") {
  Trip trip(ListActions{}, milliseconds(5000));
  trip.tick();
  trip.broker.accept();
  (void)trip.broker.read<wire::AgentHello>();
  auto welcome = test::sample_welcome();
  ++welcome.protocol;
  trip.tell(welcome);
  CHECK(trip.trouble().code == ExitCode::unreachable);
  CHECK_THAT(trip.trouble().line(), Catch::Contains("differ in version"));
}

TEST_CASE("a request too long for any message is refused at once instead of tried until the deadline") {
  Trip trip(Wish{"look", {}, std::string(kMaxMessage, 'x')}, milliseconds(90'000));
  trip.greet();
  CHECK(trip.trouble().code == ExitCode::refused);
  CHECK_THAT(trip.trouble().line(), Catch::Contains("too long") && Catch::Contains("files"));
}

TEST_CASE("a wish that the role does not have ends before anything is proposed") {
  Trip trip(Wish{"destroy", {}, ""}, milliseconds(90'000));
  trip.greet();
  CHECK(trip.trouble().code == ExitCode::refused);
  const auto packet = trip.broker.channel().receive_within(milliseconds(2000));
  REQUIRE(packet);
  CHECK_FALSE(packet->has_value());  // hung up
}
