#include "supervisor/approval/verify_log.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "supervisor/approval/evidence.hpp"
#include "supervisor/approval/log_reader.hpp"
#include "supervisor/approval/records.hpp"
#include "supervisor/approval/verify_orders.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::approval {
namespace {

using ledger::Entry;
using ledger::Kind;
using receipt::from_object;

constexpr std::int64_t kSecond = 1000;  // ms

// Its own bookkeeping, so that a mistake in the queue's does not hide itself.
class Verifier {
 public:
  explicit Verifier(const BlobReader& blobs) : blobs_(blobs) {}

  Result<> take(const Entry& entry) {
    TRY(replay_.apply(entry));
    TRY(orders_.take(entry));
    ++report_.entries;
    switch (entry.kind) {
      case Kind::request:
        return take_request(entry);
      case Kind::decision:
        return take_decision(entry);
      case Kind::consume:
        return take_consume(entry);
      case Kind::exec_start:
        return take_start(entry);
      case Kind::outcome:
        return take_outcome(entry);
      default:
        return {};
    }
  }

  // Signatures that hold, checked on other threads.
  void believe(std::vector<std::pair<receipt::SignedDecision, receipt::Statement>> checked) {
    for (auto& [evidence, statement] : checked) checked_.add(std::move(evidence), std::move(statement));
  }

  // What has come to its end is counted and let go of; that it was there stays known.
  void forget_finished() {
    for (const Request& request : replay_.take_finished(std::numeric_limits<std::int64_t>::max())) {
      if (request.state == State::indeterminate) ++report_.indeterminate;
      checked_.forget(request.id());
    }
  }

  LogReport finish() {
    forget_finished();
    report_.orders = orders_.orders();
    return report_;
  }

 private:
  struct Uses {
    int consumed = 0, started = 0, finished = 0;
  };

  Result<> take_request(const Entry& entry) {
    const RequestRecord record = TRY(from_object<RequestRecord>(entry.body));
    if (!uses_.try_emplace(record.binding.request).second) return refuse("the request was asked for before");
    TRY(check_rule(record.rule, record.binding.launcher));
    const Request& request = *TRY(replay_.find(record.binding.request));
    TRY(orders_.check_request(request));
    ++report_.requests;
    if (!blobs_) return {};
    const Bytes bytes = TRY(blobs_(record.binding.document));
    if (receipt::sha256(bytes) != record.binding.document) return refuse("its document has another digest");
    const receipt::Document document = TRY(receipt::read_any_document(as_text(bytes)));
    if (receipt::action_of(document) != record.action) return refuse("its document is of another action");
    if (receipt::kind_of(document) != record.kind) return refuse("its document is of another kind");
    if (record.binding.renderer != receipt::kRendererVersion) return refuse("its renderer is not known");
    if (receipt::sha256(receipt::render_any(document)) != record.binding.rendered)
      return refuse("reviewers were shown another text");
    if (receipt::has_preview(document) != record.binding.preview.has_value())
      return refuse(record.binding.preview ? "it has a preview, but its action has none"
                                           : "its preview is missing");
    for (const std::optional<Digest>& digest : {record.binding.preview, record.parameters})
      if (digest && receipt::sha256(TRY(blobs_(*digest))) != *digest)
        return refuse("its preview or its parameters have another digest");
    return {};
  }

  Result<> take_decision(const Entry& entry) {
    const DecisionRecord record = TRY(from_object<DecisionRecord>(entry.body));
    const Request& request = *TRY(replay_.find(record.request));
    TRY(check_evidence(request, record.decision, request.rule, entry.time, &checked_));
    TRY(check_in_time(request, entry));
    ++report_.decisions;
    return {};
  }

  Result<> take_consume(const Entry& entry) {
    const ConsumeRecord record = TRY(from_object<ConsumeRecord>(entry.body));
    if (++uses_[record.request].consumed > 1) return refuse("the receipt was burned before");
    const Request& request = *TRY(replay_.find(record.request));
    if (TRY(check_quorum(request, request.rule, &checked_)) != record.persons)
      return refuse("it names other persons than approved");
    TRY(orders_.check_spent(request));
    TRY(check_in_time(request, entry));
    ++report_.consumed;
    return {};
  }

  Result<> take_start(const Entry& entry) {
    const BareRecord record = TRY(from_object<BareRecord>(entry.body));
    if ((*TRY(replay_.find(record.request))).kind == receipt::DocumentKind::gate)
      return refuse("it starts what only a pipeline may start");
    Uses& uses = uses_[record.request];
    if (uses.consumed != 1) return refuse("it starts without a burned receipt");
    if (++uses.started > 1) return refuse("it starts a second time on one receipt");
    ++report_.started;
    return {};
  }

  Result<> take_outcome(const Entry& entry) {
    Uses& uses = uses_[TRY(from_object<OutcomeRecord>(entry.body)).request];
    if (uses.started != 1) return refuse("an outcome of something that never started");
    if (++uses.finished > 1) return refuse("a second outcome");
    ++report_.finished;
    return {};
  }

  static Result<> check_in_time(const Request& request, const Entry& entry) {
    if (entry.time >= request.binding.expires * kSecond) return refuse("it came after the request's expiry");
    return {};
  }

  const BlobReader& blobs_;
  Queue replay_{"log"};
  OrderVerifier orders_;
  CheckedDecisions checked_;
  std::map<std::string, Uses> uses_;  // of every request that there was
  LogReport report_;
};

// The roots that the log must have had, each at its size.
class Heads {
 public:
  explicit Heads(std::vector<receipt::TreeHead> wanted) : wanted_(std::move(wanted)) {
    std::ranges::sort(wanted_, {}, &receipt::TreeHead::size);
  }

  Result<> add(const Digest& leaf) {
    tree_.add(leaf);
    return compare();
  }
  Result<> compare() {
    for (; next_ < wanted_.size() && wanted_[next_].size == tree_.size(); ++next_)
      if (wanted_[next_].root != tree_.root())
        return refuse("the " + std::to_string(tree_.size()) +
                          " entries up to here are not those of the checkpoint of that size",
                      "entries were changed, or it is another log: compare it with another copy");
    return {};
  }
  Result<> finish() const {
    if (next_ == wanted_.size()) return {};
    return refuse("it ends after " + std::to_string(tree_.size()) + " entries, but had " +
                      std::to_string(wanted_.back().size),
                  "records were removed, or it is an older copy: compare it with another copy");
  }
  Digest root() const { return tree_.root(); }

 private:
  std::vector<receipt::TreeHead> wanted_;
  std::size_t next_ = 0;
  receipt::TreeEdge tree_;
};

}  // namespace

Result<LogReport> verify_log(const LogToVerify& log) {
  Verifier verifier(log.blobs);
  Heads heads(log.heads);
  TRY(heads.compare());
  LogReader reader(log.lines);
  for (;;) {
    LogReader::Batch batch = TRY(reader.next());
    if (batch.entries.empty()) break;
    verifier.believe(std::move(batch.checked));
    for (const Entry& entry : batch.entries) {
      const auto check = [&]() -> Result<> {
        TRY(verifier.take(entry));
        TRY(heads.add(entry.hash));
        return log.leaf ? log.leaf(entry.hash) : Result<>();
      };
      TRY_DURING("ledger entry " + std::to_string(entry.index), check());
    }
    verifier.forget_finished();
  }
  TRY(heads.finish());
  LogReport report = verifier.finish();
  report.root = heads.root();
  return report;
}

}  // namespace pawl::approval
