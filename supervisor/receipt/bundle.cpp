#include "supervisor/receipt/bundle.hpp"

#include <algorithm>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/sshsig.hpp"

namespace pawl::receipt {
namespace {

constexpr std::size_t kMaxEntryBytes = 65'535;  // as the ledger writes them (ledger/entry.hpp)

// The part of a ledger's consume entry that ties it to this receipt.
Result<SignedCheckpoint> check_proof(const LedgerProof& proof, const Binding& binding) {
  const boost::json::value json = TRY(parse_canonical(proof.entry));
  const auto text_at = [&](const boost::json::value& value, std::string_view key) -> std::string_view {
    const auto* object = value.if_object();
    const auto* found = object != nullptr ? object->if_contains(key) : nullptr;
    const auto* string = found != nullptr ? found->if_string() : nullptr;
    return string != nullptr ? std::string_view(*string) : std::string_view();
  };
  const boost::json::object* entry = json.if_object();
  const auto number_at = [&](std::string_view key) -> std::int64_t {
    const auto* found = entry->if_contains(key);
    return found != nullptr && found->is_int64() ? found->get_int64() : -1;
  };
  if (entry == nullptr || proof.entry.size() > kMaxEntryBytes || entry->size() != 4 ||
      !entry->contains("body") || !entry->at("body").is_object() || number_at("time") < 0)
    return refuse("it is no ledger entry");
  if (number_at("index") < 0 || !std::cmp_equal(number_at("index"), proof.index))
    return refuse("its index is another");
  if (text_at(json, "kind") != "consume") return refuse("it is not a consume entry");
  const boost::json::value& body = entry->at("body");
  if (text_at(body, "request") != binding.request || text_at(body, "audience") != binding.audience ||
      text_at(body, "document") != to_hex(binding.document))
    return refuse("it burned another receipt");
  SignedCheckpoint checkpoint = TRY(read_checkpoint(proof.checkpoint));
  const TreeHead& tree = checkpoint.checkpoint.tree;
  if (TRY(root_by_inclusion(proof.index, tree.size, leaf_hash(as_bytes(proof.entry)), proof.path)) !=
      tree.root)
    return refuse("the checkpoint's log does not hold the entry");
  return checkpoint;
}

Result<> check_document(const std::string& bytes, const Document& document, const Binding& binding) {
  if (sha256(bytes) != binding.document) return refuse("the document is not the one that was decided on");
  if (binding.renderer != kRendererVersion)
    return refuse(
        "it was shown by renderer version " + std::to_string(binding.renderer) + ", which this pawl lacks",
        "use a pawl as new as the one that made the receipt");
  if (sha256(render_any(document)) != binding.rendered) return refuse("reviewers were shown another text");
  return {};
}

// It stands on its own: what people were shown is in it, and nothing else passes for it.
Result<> check_preview(const Bundle& bundle, const BundleReport& report) {
  const std::optional<Digest>& signed_digest = report.binding.preview;
  if (has_preview(report.document) != signed_digest.has_value())
    return refuse(signed_digest ? "a preview was signed, but the action has none"
                                : "the action has a preview, but none was signed");
  if (bundle.preview.has_value() != signed_digest.has_value())
    return refuse(signed_digest ? "what the preview printed is missing"
                                : "it holds a preview that nobody was shown");
  if (signed_digest && sha256(*bundle.preview) != *signed_digest)
    return refuse("reviewers were shown another preview");
  return {};
}

bool may_sign(const std::vector<AllowedSigner>& signers, const Statement& statement,
              const Credential& credential) {
  return std::ranges::any_of(signers, [&](const AllowedSigner& signer) {
    return signer.person == statement.person && signer.credential == credential &&
           std::ranges::find(signer.namespaces, namespace_of(statement.verdict)) != signer.namespaces.end();
  });
}

Result<> add_decision(BundleReport& report, Statement statement) {
  std::vector<Statement>& list = statement.verdict == Verdict::approve ? report.approvals : report.denials;
  if (std::ranges::find(list, statement.person, &Statement::person) != list.end())
    return refuse("it is the second one by " + statement.person);
  list.push_back(std::move(statement));
  return {};
}

}  // namespace

Result<std::string> write_bundle(const Bundle& bundle) {
  std::string text = TRY_DURING("receipt", to_canonical(to_object(bundle)));
  return text + "\n";
}

Result<Bundle> read_bundle(std::string_view text) {
  if (text.size() > kMaxBundleBytes) return refuse("receipt: longer than 4 MiB");
  if (text.ends_with('\n')) text.remove_suffix(1);
  Bundle bundle = TRY(from_canonical<Bundle>(text, "receipt"));
  if (bundle.version != kBundleVersion)
    return refuse("receipt: version " + std::to_string(bundle.version) + " is not known", "use a newer pawl");
  return bundle;
}

Result<CheckedDecision> check_signed(const SignedDecision& decision, std::int64_t received,
                                     const Demands& demands) {
  Statement statement = TRY(read_statement(decision.statement));
  if (statement.person != decision.person) return refuse("the statement was made by another person");
  const Credential enrolled = TRY(parse_credential(decision.key));
  if (credential_line(enrolled) != decision.key) return refuse("its key is not spelled in the canonical way");
  const std::string message = pre_authentication_encoding(decision.statement);
  Provenance made = TRY(check_provenance(decision.signature, enrolled, namespace_of(statement.verdict),
                                         as_bytes(message), {statement.person, received, demands}));
  return CheckedDecision{std::move(statement), std::move(made)};
}

Result<Statement> check_signed(const SignedDecision& decision) {
  const Statement said = TRY(read_statement(decision.statement));
  return TRY(check_signed(decision, said.time)).statement;
}

namespace {

// Where the signers' file names logs, one of them must hold the entry: what a broker refused was never
// burned.
Result<> check_log(const BundleReport& report, std::string_view allowed_signers) {
  const std::vector<LogKey> logs = TRY(parse_log_keys(allowed_signers));
  if (logs.empty() || !report.checkpoint) return {};
  for (const LogKey& log : logs)
    if (log.check(*report.checkpoint)) return {};
  return refuse("no log that the signers' file names holds the entry which burned it");
}

}  // namespace

Result<BundleReport> verify_bundle(const Bundle& bundle, std::string_view allowed_signers, unsigned quorum) {
  if (quorum == 0) return refuse("receipt: a quorum of 0 approves nothing");
  if (bundle.decisions.empty()) return refuse("receipt: nobody decided");
  const std::vector<AllowedSigner> signers = TRY(parse_allowed_signers(allowed_signers));
  BundleReport report;
  report.document = TRY_DURING("receipt", read_any_document(bundle.document));
  for (std::size_t i = 0; i < bundle.decisions.size(); ++i) {
    const std::string step = "receipt: decision " + std::to_string(i + 1);
    const Statement said = TRY_DURING(step, read_statement(bundle.decisions[i].statement));
    auto [statement, made] = TRY_DURING(step, check_signed(bundle.decisions[i], said.time));
    if (i == 0) report.binding = statement.binding;
    TRY_DURING(step, matches(statement.binding, report.binding));
    if (!may_sign(signers, statement, TRY(parse_credential(bundle.decisions[i].key))))
      return refuse(step + ": the key is not an allowed one of " + statement.person + " for this verdict");
    TRY_DURING(step, check_time(statement));
    TRY_DURING(step, add_decision(report, std::move(statement)));
    report.signatures.push_back(std::move(made));
  }
  TRY_DURING("receipt", check_document(bundle.document, report.document, report.binding));
  TRY_DURING("receipt", check_preview(bundle, report));
  if (bundle.consumed)
    report.checkpoint = TRY_DURING("receipt: ledger proof", check_proof(*bundle.consumed, report.binding));
  TRY_DURING("receipt: ledger proof", check_log(report, allowed_signers));
  if (!report.denials.empty())
    return refuse("receipt: " + report.denials[0].person +
                  " denied it: " + visible(report.denials[0].reason));
  if (report.approvals.size() < quorum)
    return refuse("receipt: approved by " + std::to_string(report.approvals.size()) + " of " +
                  std::to_string(quorum) + " persons");
  return report;
}

}  // namespace pawl::receipt
