#include "supervisor/broker/broker.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/broker/enrolment.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/broker/live_people.hpp"
#include "supervisor/broker/log_line.hpp"
#include "supervisor/broker/surface.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
constexpr std::int64_t kIdleTime = 10 * 60 * 1000;  // ms: an embedded broker without work leaves after it

policy::Home home_of(const wire::Paths& paths) {
  return {paths.home == wire::Home::system ? policy::HomeKind::system : policy::HomeKind::embedded,
          paths.configuration, ::geteuid()};
}

Result<> make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("make directory " + path);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return failed("look at " + path);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid())
    return refuse(path + " is not a directory of the broker's user", "remove it");
  if (::chmod(path.c_str(), mode) != 0) return failed("chmod " + path);
  return {};
}

// In a broker of one's own nobody else needs room.
FrontLimits limits_for(wire::Home home) {
  FrontLimits limits;
  if (home == wire::Home::embedded) limits.person = limits.people;
  return limits;
}

}  // namespace

Broker::Broker(Loop& loop, Spawner spawner, Setup setup, std::unique_ptr<Books> books)
    : loop_(loop),
      spawner_(std::move(spawner)),
      setup_(std::move(setup)),
      books_(std::move(books)),
      policy_(home_of(setup_.paths),
              [this](const policy::Policy& policy) {
                if (auto noted = announce(policy); !noted) shut(noted.error().text());
              },
              {[this](const policy::Policy& file) {
                 return with_live_people(file, books_->directory(), books_->queue().freezes());
               },
               [this] { return books_->directory().version() + books_->queue().freezes().version(); }}),
      services_(loop, spawner_, setup_.programs, setup_.helpers),
      waiting_(loop),
      limit_log_(loop,
                 [this](boost::json::object body) { return note(ledger::Kind::deny, std::move(body)); }),
      people_(books_->recorded_people()),
      front_(
          loop,
          [this](const ConnectionPtr& connection, Packet packet) {
            dispatch(*this, connection, std::move(packet));
          },
          limits_for(setup_.paths.home), books_.get()) {
  // After what else is ready in this turn: it shares the sync.
  books_->settle_by([this] { loop_.soon([this] { settle(); }); });
}

// What was recorded stays; nothing more is begun or said.
Broker::~Broker() {
  limit_log_.flush();
  if (!shut_) (void)books_->ledger().settle();
}

Result<std::unique_ptr<Broker>> Broker::open(Loop& loop, Spawner spawner, Setup setup) {
  const auto policy = policy::load(home_of(setup.paths));
  if (!policy) return std::unexpected(policy::as_error(policy.error()).during("policy"));
  auto books = TRY(Books::open({setup.paths.state, setup.paths.head, policy->settings.audience}));
  const bool system = setup.paths.home == wire::Home::system;
  TRY(books->note(ledger::Kind::boot, {{"pid", ::getpid()},
                                       {"audience", policy->settings.audience},
                                       {"home", system ? "system" : "embedded"}}));
  std::unique_ptr<Broker> broker(new Broker(loop, std::move(spawner), std::move(setup), std::move(books)));
  TRY(broker->policy_.current());
  TRY(broker->enroll_first());
  TRY(broker->open_doors());
  broker->recall_sessions();
  (void)broker->enforce("pawld");  // what a broker that died had on record and could not do any more
  broker->tick();
  Broker* const raw = broker.get();
  broker->spawner_watch_ = loop.on_readable(broker->spawner_.fd(), [raw] {
    raw->spawner_watch_.reset();
    raw->shut("the spawner is gone");
  });
  return broker;
}

Result<> Broker::open_doors() {
  const bool system = setup_.paths.home == wire::Home::system;
  const std::string& sockets = setup_.paths.sockets;
  const uid_t own = ::geteuid();
  TRY(make_directory(sockets, system ? 0755 : 0700));
  TRY(make_directory(sockets + "/sessions", system ? 0711 : 0700));
  // Embedded: nobody but the person. System: everybody may knock; what each may ask is told by people.toml.
  TRY(front_.open_people(setup_.paths.people_socket(), system ? 0666 : 0600,
                         [this, system, own](const PeerIdentity& peer) {
                           if (peer.uid == own || peer.uid == 0) return Admitted::known;
                           if (!system) return Admitted::no;
                           const auto policy = policy_.current();
                           const bool known = policy && (*policy)->find_person_by_uid(peer.uid) != nullptr;
                           return known ? Admitted::known : Admitted::stranger;
                         }));
  return {};
}

Result<const policy::Person*> Broker::person_of(const Connection& connection) {
  const policy::Policy& policy = *TRY(policy_.current());
  return policy.find_person_by_uid(connection.identity.uid);
}

bool Broker::admit_reviewer(Connection& connection) {
  if (connection.identity.uid == 0 || setup_.paths.home == wire::Home::embedded) return true;
  const auto person = person_of(connection);
  const bool known = person && *person != nullptr;
  if (known && books_->queue().freezes().is_revoked_person((*person)->name)) {
    connection.refuse(wire::FailureKind::refused, (*person)->name + " is revoked",
                      "another person ends that: pawl restore person");
    return false;
  }
  if (known) return true;
  refuse_stranger(connection, person);
  return false;
}

// After a failure that leaves open what the ledger holds, nothing may be acted on: the broker stops, and a
// restart decides what was kept.
void Broker::shut(const std::string& why) {
  if (shut_) return;
  shut_ = true;
  log_line("stopping: " + why);
  for (auto& [id, execution] : executions_) execution->kill("the broker stops");
  for (auto& [id, previewing] : previews_) previewing.execution->kill("the broker stops");
  for (auto& [id, execution] : rechecks_) execution->kill("the broker stops");
  loop_.stop();
}

void Broker::settle() {
  if (shut_) return;
  if (auto settled = books_->settle(); !settled) shut(settled.error().text());
}

Result<> Broker::commit(approval::Step step) {
  auto committed = books_->commit(std::move(step));
  if (committed) return {};
  if (books_->ledger().poisoned()) shut(committed.error().text());
  return std::unexpected(std::move(committed).error());
}

Result<> Broker::look_at_clock() {
  auto looked = books_->look_at_clock();
  if (!looked && books_->ledger().poisoned()) shut(looked.error().text());
  return looked;
}

// The policy that is live from here on, and what changed about its people since the last one on record.
Result<> Broker::announce(const policy::Policy& policy) {
  TRY(books_->note(ledger::Kind::policy, describe_policy(policy)));
  boost::json::array now = describe_people(policy.people);
  for (boost::json::object& change : enrolment_changes(people_, now))
    TRY(books_->note(ledger::Kind::enroll, std::move(change)));
  people_ = std::move(now);
  return {};
}

Result<> Broker::note(ledger::Kind kind, boost::json::object body) {
  auto noted = books_->note(kind, std::move(body));
  if (!noted && books_->ledger().poisoned()) shut(noted.error().text());
  return noted;
}

void Broker::tick() {
  if (auto looked = look_at_clock(); !looked && shut_) return;
  bool moved = false;
  // What cannot be recorded now (a full disk) is tried again with the next tick; meanwhile consume() judges
  // the time.
  for (approval::Step& step : books_->queue().expire(wall_clock()))
    moved = commit(std::move(step)).has_value() || moved;
  moved = tell_escalations() || moved;
  retry_approved();
  if (moved) changed();
  const bool busy = !sessions_.empty() || !executions_.empty() || !previews_.empty() || !rechecks_.empty() ||
                    front_.connections() > 0 || !books_->queue().pending().empty();
  if (busy || busy_until_ == 0) busy_until_ = boot_clock() + kIdleTime;
  if (setup_.paths.home == wire::Home::embedded && boot_clock() > busy_until_) return loop_.stop();
  tick_ = loop_.after(kTick, [this] { tick(); });
}

void Broker::retry_approved() {
  std::vector<std::string> waiting;
  for (const approval::Request* request : books_->queue().pending())
    if (request->state == approval::State::approved) waiting.push_back(request->id());
  for (const std::string& id : waiting) perform(id);
}

void Broker::changed() { waiting_.changed(); }

}  // namespace pawl::broker
