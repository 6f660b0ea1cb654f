#include "supervisor/approval/verify_log.hpp"

#include <map>

#include "supervisor/approval/evidence.hpp"
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

  Result<> take(const Entry& entry, const Entry* before) {
    TRY(ledger::follows(entry, before));
    const std::string line = TRY(ledger::write_entry(entry));
    if (receipt::sha256(line) != entry.hash) return refuse("its hash is another");
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

  LogReport finish() {
    for (const Request* request : replay_.list())
      if (request->state == State::indeterminate) ++report_.indeterminate;
    report_.orders = orders_.orders();
    return report_;
  }

 private:
  struct Uses {
    int consumed = 0, started = 0, finished = 0;
  };

  Result<> take_request(const Entry& entry) {
    const RequestRecord record = TRY(from_object<RequestRecord>(entry.body));
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
    TRY(check_evidence(request, record.decision, request.rule, entry.time));
    TRY(check_in_time(request, entry));
    ++report_.decisions;
    return {};
  }

  Result<> take_consume(const Entry& entry) {
    const ConsumeRecord record = TRY(from_object<ConsumeRecord>(entry.body));
    if (++uses_[record.request].consumed > 1) return refuse("the receipt was burned before");
    const Request& request = *TRY(replay_.find(record.request));
    if (TRY(check_quorum(request, request.rule)) != record.persons)
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
  std::map<std::string, Uses> uses_;
  LogReport report_;
};

}  // namespace

Result<LogReport> verify_log(std::span<const Entry> entries, const BlobReader& blobs) {
  Verifier verifier(blobs);
  for (std::size_t i = 0; i < entries.size(); ++i)
    TRY_DURING("ledger entry " + std::to_string(i),
               verifier.take(entries[i], i > 0 ? &entries[i - 1] : nullptr));
  return verifier.finish();
}

}  // namespace pawl::approval
