// Random lives of a broker's books: requests, decisions, executions, expiries, revocations, full disks, power
// cuts, restarts, clocks that jump, states restored from copies. What is counted outside of the broker must
// fit what its ledger says, whatever happened when.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "supervisor/approval/verify_log.hpp"
#include "supervisor/broker/books.hpp"
#include "tests/support/crashing_disk.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using approval::State;
using receipt::Verdict;

namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kLifetime = 900;  // seconds that a request waits
constexpr const char* kPersons[] = {"alice", "bob", "carol", "mallory"};

// What the world outside knows of one request.
struct Known {
  int epoch = 0;                   // grows when everything that waits must become void
  int executions = 0;              // counted where they happen
  bool asked = false;              // the broker said that it is on record
  std::set<std::string> approved;  // whose approval it said is on record
  bool denied = false, ended = false;
};

class Life {
 public:
  explicit Life(std::uint32_t seed)
      : dice_(seed),
        disk_([this](std::uint64_t bound) { return roll(bound); }),
        keys_{{"alice", test::Signer(1)},
              {"bob", test::Signer(2)},
              {"carol", test::Signer(3)},
              {"mallory", test::Signer(4)}} {
    current_.policy = receipt::sha256("policy");
    approval::Group group{.name = "@sre", .members = {}};
    for (const char* person : {"alice", "bob", "carol"})
      group.members.push_back({person, {keys_.at(person).line()}});
    current_.rule.name = "two-person";
    current_.rule.quorum = 2;
    current_.rule.from = {group};
    current_.rule.expires = kLifetime;
    start();
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (books_ && books_->ledger().poisoned()) lose_power();
      if (!books_) start();
    }
    lose_power();
    start();
  }

  int executions() const {
    int count = 0;
    for (const auto& [id, known] : known_) count += known.executions;
    return count;
  }

  // Everything that must hold in the end.
  void judge() {
    const auto& queue = books_->queue();
    for (const auto& [id, known] : known_) {
      INFO("request " << id.substr(0, 12));
      CHECK(known.executions <= 1);
      const auto found = queue.find(id);
      if (known.epoch < epoch_ && !found)
        continue;  // asked for in a future that a restored copy does not know
      if (known.asked) REQUIRE(found);
      if (!found) continue;
      const approval::Request& request = **found;
      if (known.executions > 0)
        CHECK(
            (request.state == State::done || request.state == State::indeterminate || known.epoch < epoch_));
      if (known.epoch < epoch_) {
        CHECK(approval::is_final(request.state));
        continue;
      }
      for (const std::string& person : known.approved)
        CHECK(std::ranges::any_of(request.decisions,
                                  [&](const auto& decision) { return decision.statement.person == person; }));
      if (known.denied) CHECK(request.state == State::denied);
      if (known.ended) CHECK(request.state == State::done);
    }
    const auto report = verify();
    if (!report) FAIL(report.error().text());
    // What a restored copy has forgotten was on record when it ran.
    CHECK(static_cast<std::uint64_t>(executions()) <= report->consumed + forgotten_);
  }

 private:
  std::uint64_t roll(std::uint64_t bound) { return dice_() % bound; }
  bool chance(std::uint64_t one_in) { return roll(one_in) == 0; }

  broker::BooksPlace place() const { return {state_, head_, "test-broker"}; }

  void start() {
    for (int attempt = 0; !books_; ++attempt) {
      REQUIRE(attempt < 3);
      auto books = broker::Books::open(
          place(), broker::Clocks{[this] { return wall_; }, [this] { return boot_; }}, disk_);
      if (books) books_ = *std::move(books);
      if (!books) INFO(books.error().text());
      disk_.fail_sometimes(0);
    }
    if (restored_ || wall_ + approval::kClockTolerance < books_->ledger().time_found()) ++epoch_;
    restored_ = false;
  }

  void lose_power() {
    books_.reset();
    disk_.crash();
  }

  void step() {
    const std::uint64_t rolled = roll(100);
    if (rolled < 20) return propose();
    if (rolled < 55) return decide();
    if (rolled < 70) return execute();
    if (rolled < 75) return expire();
    if (rolled < 78) return revoke();
    if (rolled < 83) return lose_power();
    if (rolled < 86) return disk_.fail_sometimes(3 + roll(30));
    if (rolled < 89) return copy();
    if (rolled < 91) return restore();
    if (rolled < 93) return set_back();
    pass(roll(chance(3) ? kLifetime : 30) * kSecond);
  }

  // Durable: now it can be told, and acted on.
  bool committed(Result<approval::Step> step) {
    return step && books_->commit(*std::move(step)) && books_->settle();
  }

  // Mostly one for which the next step would be in turn.
  std::optional<std::string> any(State wanted) {
    if (known_.empty()) return std::nullopt;
    std::vector<std::string> ids;
    if (!chance(4))
      for (const approval::Request* request : books_->queue().pending())
        if (request->state == wanted) ids.push_back(request->id());
    if (ids.empty())
      for (const auto& [id, known] : known_) ids.push_back(id);
    return ids[roll(ids.size())];
  }

  void propose() {
    receipt::ActionDocument document = test::sample_document();
    document.argv[2] = "service-" + std::to_string(roll(4));
    const auto blob = books_->blobs().put(as_bytes(receipt::write_document(document).value()));
    if (!blob) return;
    approval::Proposal proposal;
    proposal.id = to_hex(receipt::sha256("id " + std::to_string(next_id_++)));
    proposal.session = std::string(64, static_cast<char>('a' + roll(2)));
    proposal.role = "deployer";
    proposal.agent = "session:" + proposal.session;
    proposal.launcher = "carol";
    proposal.action = "deploy";
    proposal.document = *blob;
    proposal.rendered = receipt::sha256(receipt::render(document));
    proposal.policy = current_.policy;
    proposal.rule = current_.rule;
    auto proposed = books_->queue().propose(proposal, wall_);
    if (!proposed || !proposed->step) return;
    known_[proposal.id].epoch = epoch_;
    if (committed(*std::move(proposed->step))) known_[proposal.id].asked = true;
  }

  void decide() {
    const auto id = any(State::pending);
    if (!id) return;
    const auto found = books_->queue().find(*id);
    if (!found) return;
    const std::string person = kPersons[chance(5) ? 2 + roll(2) : roll(2)];
    receipt::Statement statement;
    statement.binding = (*found)->binding;
    statement.verdict = chance(15) ? Verdict::deny : Verdict::approve;
    statement.person = person == "mallory" ? "alice" : person;  // whose key is not enrolled
    statement.group = "@sre";
    statement.reason = statement.verdict == Verdict::deny ? "use a rolling update" : "";
    statement.time = wall_ / kSecond;
    const receipt::SignedDecision decision = keys_.at(person).decide(statement);
    auto step = books_->queue().decide(*id, decision.statement, decision.signature, current_, wall_);
    const bool denies = statement.verdict == Verdict::deny;
    if (step) CHECK((person == "alice" || person == "bob" || (person == "carol" && denies)));
    if (!committed(std::move(step))) return;
    Known& known = known_[*id];
    if (denies)
      known.denied = true;
    else
      known.approved.insert(person);
  }

  // As the broker does: burned and begun durably, then it runs, then the outcome. Power may go at every
  // comma.
  void execute() {
    const auto id = any(State::approved);
    if (!id || !committed(books_->queue().consume(*id, current_, wall_))) return;
    if (chance(6)) return lose_power();
    if (!committed(books_->queue().start(*id))) return;
    if (chance(6)) return lose_power();
    Known& known = known_[*id];
    ++known.executions;
    CHECK(known.epoch == epoch_);
    if (chance(4)) return lose_power();
    if (committed(books_->queue().finish(*id, {approval::Ending::exited, 0, "", std::nullopt, std::nullopt})))
      known.ended = true;
  }

  void expire() {
    for (approval::Step& step : books_->queue().expire(wall_))
      if (!committed(std::move(step))) return;
  }

  void revoke() {
    if (const auto id = any(chance(2) ? State::pending : State::approved))
      committed(books_->queue().withdraw(*id, approval::Withdrawal::revoked, "alice", "a test"));
  }

  void pass(std::uint64_t time) {
    wall_ += static_cast<std::int64_t>(time);
    boot_ += static_cast<std::int64_t>(time);
  }

  // With the broker running or not; it must notice at its next look.
  void set_back() {
    wall_ -= 3600 * kSecond;
    if (chance(2)) return lose_power();
    if (!books_->look_at_clock() || !books_->settle()) return;
    ++epoch_;
  }

  void copy() {
    if (!books_->settle()) return;
    copied_ = books_->ledger().head();
    books_.reset();
    disk_.crash();
    std::filesystem::remove_all(copy_);
    std::filesystem::copy(state_, copy_, std::filesystem::copy_options::recursive);
  }

  void restore() {
    if (!copied_ || *copied_ == books_->ledger().head()) return;
    restored_ = true;
    const std::uint64_t consumed = count_consumed();
    books_.reset();
    disk_.crash();
    std::filesystem::remove_all(state_);
    std::filesystem::copy(copy_, state_, std::filesystem::copy_options::recursive);
    std::filesystem::permissions(state_, std::filesystem::perms::owner_all);
    forgotten_ += consumed;
  }

  std::uint64_t count_consumed() {
    std::uint64_t count = 0;
    for (std::uint64_t next = 0; next < books_->ledger().size();) {
      const auto page = books_->ledger().read(next, 512).value();
      for (const ledger::Entry& entry : page)
        if (entry.kind == ledger::Kind::consume) ++count;
      next += page.size();
    }
    return count;
  }

  Result<approval::LogReport> verify() {
    approval::LogToVerify log;
    log.lines = [this, next = std::uint64_t{0}]() mutable -> Result<std::vector<std::string>> {
      const std::vector<ledger::Entry> page = TRY(books_->ledger().read(next, 512));
      next += page.size();
      std::vector<std::string> lines;
      for (const ledger::Entry& entry : page) lines.push_back(TRY(ledger::write_entry(entry)));
      return lines;
    };
    log.blobs = [this](const Digest& digest) { return books_->blobs().get(digest, 1 << 20); };
    log.heads = {books_->ledger().head()};
    return approval::verify_log(log);
  }

  std::mt19937 dice_;
  test::TemporaryDirectory directory_{"/dev/shm"};
  std::string state_ = directory_ / "state", head_ = directory_ / "outside/head", copy_ = directory_ / "copy";
  test::CrashingDisk disk_;
  std::map<std::string, test::Signer> keys_;
  approval::Current current_;
  std::unique_ptr<broker::Books> books_;
  std::map<std::string, Known> known_;
  std::int64_t wall_ = 1'780'000'000'000, boot_ = 1'000'000;
  int epoch_ = 0;
  std::optional<receipt::TreeHead> copied_;
  bool restored_ = false;
  std::uint64_t next_id_ = 0, forgotten_ = 0;
};

std::uint32_t schedules() {
  const char* wanted = std::getenv("PAWL_MODEL_SCHEDULES");
  return wanted != nullptr ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : 1000;
}

}  // namespace

TEST_CASE("whatever happens when: executions, consumes, quorums and what was acknowledged fit together",
          "[pure]") {
  const std::uint32_t lives = schedules();
  int executions = 0;
  for (std::uint32_t seed = 0; seed < lives; ++seed) {
    INFO("schedule " << seed);
    Life life(seed);
    life.live(40);
    life.judge();
    executions += life.executions();
  }
  CHECK(static_cast<std::uint32_t>(executions) > lives / 4);  // otherwise nothing was tried
}
