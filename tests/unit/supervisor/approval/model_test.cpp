// Thousands of random schedules of everything that can happen, honest and hostile, with restarts in between:
// executions never exceed burned receipts, those never exceed satisfied quorums, and the log proves it.
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::Doubt;
using approval::State;
using approval::Withdrawal;
using receipt::Verdict;
using test::World;

namespace {

// What the world outside saw, counted without asking the queue.
struct Witness {
  std::map<std::string, std::set<std::string>> approved_by;  // taken approvals
  std::set<std::string> denied;
  std::map<std::string, int> burned;
  std::map<std::string, int> executed;
};

class Schedule {
 public:
  explicit Schedule(std::uint32_t seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (const auto& [id, count] : witness_.executed) {
      REQUIRE(count == 1);
      REQUIRE(witness_.burned[id] == 1);
      REQUIRE(witness_.approved_by[id].size() >= 2);
      REQUIRE_FALSE(witness_.approved_by[id].contains("carol"));
    }
    for (const auto& [id, count] : witness_.burned) REQUIRE(count == 1);
    const auto report = world_.verify_log();
    INFO((report ? "" : report.error().text()));
    REQUIRE(report);
    REQUIRE(report->started == witness_.executed.size());
    REQUIRE(report->consumed == witness_.burned.size());
  }

  std::size_t executed() const { return witness_.executed.size(); }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  const std::string& any_person() {
    static const std::vector<std::string> people{"alice", "bob", "carol", "dave"};
    return people[below(people.size())];
  }
  const std::string* any_request() { return ids_.empty() ? nullptr : &ids_[below(ids_.size())]; }

  void step() {
    world_.now += static_cast<std::int64_t>(below(20'000));
    const std::string* id = any_request();
    const std::size_t choice = below(20);
    if (id == nullptr || choice < 4) return ask();
    if (choice < 11) return decide(*id);
    if (choice < 13) return forge(*id);
    if (choice < 15) return burn_and_run(*id);
    switch (choice) {
      case 15:
        return world_.commit_all(world_.queue.expire(world_.now));
      case 16:
        return (void)world_.commit(world_.queue.withdraw(*id, Withdrawal::revoked, "alice", "no"));
      case 17:
        return world_.restart();
      case 18:
        return below(8) == 0 ? world_.commit_all(world_.queue.recover(Doubt::clock)) : finish(*id);
      default:
        return below(8) == 0 ? change_policy() : finish(*id);
    }
  }

  void ask() {
    const auto proposed =
        world_.propose(world_.proposal("service-" + std::to_string(below(6)), below(2) == 0 ? 'a' : 'b'));
    if (proposed && proposed->step) ids_.push_back(proposed->id);
  }

  void decide(const std::string& id) {
    const std::string& person = any_person();
    const Verdict verdict = below(12) == 0 ? Verdict::deny : Verdict::approve;
    const bool spent = witness_.burned.contains(id);
    if (!world_.decide(id, person, verdict)) return;
    REQUIRE_FALSE(spent);
    REQUIRE_FALSE(witness_.denied.contains(id));
    if (verdict == Verdict::deny) {
      witness_.denied.insert(id);
    } else {
      REQUIRE(witness_.approved_by[id].insert(person).second);
    }
  }

  // Decisions that must never be taken.
  void forge(const std::string& id) {
    receipt::Statement statement = world_.statement(id, "alice");
    const test::Signer* signer = &world_.keys.at("alice");
    switch (below(6)) {
      case 0:
        signer = &world_.keys.at("mallory");
        break;
      case 1:
        signer = &world_.keys.at("bob");
        break;
      case 2:
        statement.binding.document[0] ^= 1;
        break;
      case 3:
        statement.binding.request = std::string(64, '0');
        break;
      case 4:
        statement.group = "@oncall";
        break;
      default:
        statement = world_.statement(id, "carol");
        signer = &world_.keys.at("carol");
        break;
    }
    REQUIRE_FALSE(world_.decide_with(id, signer->decide(statement)));
  }

  void burn_and_run(const std::string& id) {
    if (!world_.consume(id)) return;
    ++witness_.burned[id];
    REQUIRE(witness_.approved_by[id].size() >= 2);
    REQUIRE_FALSE(witness_.denied.contains(id));
    if (below(4) == 0) return world_.restart();  // a crash between burning and running
    REQUIRE(world_.start(id));
    ++witness_.executed[id];
    if (below(4) == 0) return world_.restart();  // a crash while it runs
    if (below(2) == 0) REQUIRE(world_.finish(id));
  }

  void finish(const std::string& id) {
    const bool running = world_.state(id) == State::executing;
    REQUIRE(world_.finish(id).has_value() == running);
  }

  void change_policy() { world_.current.policy[0] = static_cast<std::uint8_t>(below(2)); }

  std::mt19937 random_;
  World world_;
  Witness witness_;
  std::vector<std::string> ids_;
};

}  // namespace

TEST_CASE("in every schedule executions ≤ burned receipts ≤ satisfied quorums", "[model][pure]") {
  constexpr std::uint32_t kSchedules = 2000;
  std::size_t executed = 0;
  for (std::uint32_t seed = 0; seed < kSchedules; ++seed) {
    CAPTURE(seed);
    Schedule schedule(seed);
    schedule.run(30);
    executed += schedule.executed();
  }
  CHECK(executed > kSchedules / 20);  // otherwise nothing was tried
}
