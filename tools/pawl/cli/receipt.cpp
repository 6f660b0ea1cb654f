// pawl receipt show, export, verify.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <memory>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/consistency.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/log_source.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/provenance_text.hpp"
#include "tools/pawl/cli/receipt_files.hpp"
#include "tools/pawl/cli/request_view.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using receipt::visible;
using tools::trouble;

constexpr std::size_t kMaxSigners = 1024 * 1024;  // bytes
constexpr const char* kConsistencyFile = "consistency.json";

struct ShowOptions {
  std::string id;
  bool json = false;
};
struct ExportOptions {
  std::string id;
  std::string directory;
  std::string since;
};
struct VerifyOptions {
  std::string file;
  std::string signers;
  std::string log_key;
  std::string since;
  unsigned quorum = 0;
  bool unspent = false;
  bool json = false;
};

Outcome<std::string> fetch(const wire::Client& broker, const std::string& id) {
  std::string text = TRY(broker.ask<wire::Receipt>(wire::GetReceipt{id})).message.bundle;
  receipt::Bundle bundle = TRY_DURING("the receipt", receipt::read_bundle(text));
  if (bundle.decisions.empty()) return trouble(ExitCode::failed, "the broker's receipt holds no decision");
  const auto statement = TRY_DURING("a decision", receipt::read_statement(bundle.decisions[0].statement));
  TRY(check_asked_for(id, statement.binding.request));
  // What was previewed is part of it, and too long for one message with the rest.
  if (bundle.preview || !statement.binding.preview) return text;
  bundle.preview =
      TRY(broker.ask<wire::Preview>(wire::ReadPreview{statement.binding.request})).message.output;
  return TRY(receipt::write_bundle(bundle));
}

// That the log which burned the receipt begins with the one of a checkpoint noted earlier.
Outcome<receipt::ConsistencyProof> prove_since(const wire::Client& broker, const receipt::Bundle& bundle,
                                               const std::string& since) {
  if (!bundle.consumed)
    return trouble(ExitCode::refused, "the receipt is not spent: no checkpoint holds it",
                   "leave out --since");
  const auto noted = TRY(noted_checkpoint(since)).checkpoint.tree;
  const auto held = TRY(receipt::read_checkpoint(bundle.consumed->checkpoint)).checkpoint.tree;
  if (noted.size > held.size)
    return trouble(ExitCode::refused, since + " is newer than the receipt's checkpoint", "export it again");
  const wire::GetCheckpoint ask{noted.size, held.size};
  receipt::ConsistencyProof proof{noted.size, TRY(broker.ask<wire::LogCheckpoint>(ask)).message.path};
  TRY_DURING("the broker's proof", receipt::check_consistency(noted, held, proof.path));
  return proof;
}

// What a checkpoint noted earlier says about the one in the receipt, by the proof beside it.
Outcome<> check_since(const VerifyOptions& options, const receipt::SignedCheckpoint& held) {
  const std::size_t slash = options.file.rfind('/');
  const std::string beside = options.file.substr(0, slash == std::string::npos ? 0 : slash + 1);
  const std::string text = TRY(read_file(beside + kConsistencyFile, receipt::kMaxBundleBytes));
  const auto proof = TRY(receipt::read_consistency(text));
  const auto noted = TRY(noted_checkpoint(options.since));
  if (!options.log_key.empty())
    TRY_DURING(options.since, TRY(receipt::LogKey::parse(options.log_key)).check(noted));
  if (proof.before != noted.checkpoint.tree.size)
    return trouble(ExitCode::refused,
                   kConsistencyFile + std::string(" is about another checkpoint than ") + options.since,
                   "export the receipt with it: pawl receipt export --since");
  TRY_DURING(options.since,
             receipt::check_consistency(noted.checkpoint.tree, held.checkpoint.tree, proof.path));
  return {};
}

// Whose checkpoint it is that holds the receipt; without a key nobody's.
Outcome<> check_log(const VerifyOptions& options, const receipt::BundleReport& report) {
  if (!report.checkpoint) return {};
  if (!options.log_key.empty()) {
    const auto key = receipt::LogKey::parse(options.log_key);
    if (!key) return trouble(ExitCode::usage, "--log-key: " + key.error().text(), "see: pawl log key");
    TRY(key->check(*report.checkpoint));
  }
  return options.since.empty() ? Outcome<>() : check_since(options, *report.checkpoint);
}

std::string decision_line(const receipt::CheckedDecision& decision) {
  const receipt::Statement& statement = decision.statement;
  std::string text = fmt::format("  {} {} as {} at {}", visible(statement.person),
                                 statement.verdict == receipt::Verdict::approve ? "approved" : "denied",
                                 visible(statement.group), local_time(statement.time * 1000));
  if (!statement.reason.empty()) text += ": " + visible(statement.reason);
  return text + "\n    " + provenance_text(decision.made) + "\n";
}

Outcome<std::string> describe(const receipt::Bundle& bundle) {
  const auto document = TRY_DURING("the action document", receipt::read_any_document(bundle.document));
  std::string text = receipt::render_any(document);
  if (bundle.preview) text += "\nWhat the preview printed:\n" + receipt::fence_preview(*bundle.preview);
  text += "\nDecisions:\n";
  if (bundle.decisions.empty()) text += "  none\n";
  for (const receipt::SignedDecision& decision : bundle.decisions) {
    const receipt::Statement said = TRY_DURING("a decision", receipt::read_statement(decision.statement));
    text += decision_line(TRY_DURING("a decision", receipt::check_signed(decision, said.time)));
  }
  if (bundle.consumed)
    text += fmt::format("\nBurned by entry {} of the log.\n", bundle.consumed->index);
  else
    text += "\nNot spent.\n";
  return text;
}

Outcome<ExitCode> show(const ShowOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  const std::string text = TRY(fetch(broker.client, options.id));
  const receipt::Bundle bundle = TRY_DURING("the receipt", receipt::read_bundle(text));
  if (options.json)
    TRY(print(text.ends_with('\n') ? text : text + "\n"));
  else
    TRY(print(TRY(describe(bundle))));
  return ExitCode::done;
}

Outcome<ExitCode> export_receipt(const ExportOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  const std::string text = TRY(fetch(broker.client, options.id));
  const receipt::Bundle bundle = TRY_DURING("the receipt", receipt::read_bundle(text));
  std::optional<receipt::ConsistencyProof> since;
  if (!options.since.empty()) since = TRY(prove_since(broker.client, bundle, options.since));
  TRY(write_receipt_files(bundle, text, options.directory));
  if (since)
    TRY(write_private_file(options.directory + "/" + kConsistencyFile,
                           TRY(receipt::write_consistency(*since))));
  TRY(print(fmt::format("{0} holds the receipt; to check it without pawl: sh {0}/{1}\n",
                        visible(options.directory), kVerifyScript)));
  return ExitCode::done;
}

boost::json::array people(const std::vector<receipt::Statement>& statements) {
  boost::json::array array;
  for (const receipt::Statement& statement : statements)
    array.push_back(boost::json::string(statement.person));
  return array;
}

boost::json::array signatures(const receipt::Bundle& bundle, const receipt::BundleReport& report) {
  boost::json::array array;
  for (std::size_t i = 0; i < report.signatures.size(); ++i)
    array.push_back(provenance_json(bundle.decisions[i].person, report.signatures[i]));
  return array;
}

Outcome<ExitCode> verify(const VerifyOptions& options) {
  const std::string text = TRY(read_file(options.file, receipt::kMaxBundleBytes));
  const std::string signers = TRY(read_file(options.signers, kMaxSigners));
  const receipt::Bundle bundle = TRY_DURING(options.file, receipt::read_bundle(text));
  const auto report = receipt::verify_bundle(bundle, signers, options.quorum);
  if (!report) {
    tools::Trouble reason(Error(report.error()).during(options.file + " does not hold"));
    reason.code = ExitCode::refused;
    return std::unexpected(std::move(reason));
  }
  if (auto held = check_log(options, *report); !held) {
    if (held.error().code == ExitCode::failed) held.error().code = ExitCode::refused;
    held.error().text = options.file + " does not hold: " + held.error().text;
    return std::unexpected(std::move(held).error());
  }
  if (!bundle.consumed && !options.unspent)
    return trouble(ExitCode::refused, options.file + " was never spent: nothing ran on it",
                   "--unspent accepts it as what it is: decisions, and nothing else");
  if (options.json) {
    TRY(print_json(boost::json::object{
        {"request", report->binding.request},
        {"audience", report->binding.audience},
        {"role", report->binding.role},
        {"action", receipt::action_of(report->document)},
        {"launcher", report->binding.launcher},
        {"approved_by", people(report->approvals)},
        {"denied_by", people(report->denials)},
        {"signatures", signatures(bundle, *report)},
        {"spent", bundle.consumed.has_value()},
        {"quorum", options.quorum},
        {"ledger_proof_verified", report->checkpoint.has_value()},
        {"checkpoint_signature_verified", report->checkpoint.has_value() && !options.log_key.empty()}}));
    return ExitCode::done;
  }
  std::string text_shown =
      TRY(describe(bundle)) +
      fmt::format("\nThe receipt holds: {} approvals by keys of {}, {} were asked for.\n",
                  report->approvals.size(), visible(options.signers), options.quorum);
  if (bundle.consumed && options.log_key.empty())
    text_shown +=
        "The log's word that this entry burned it is unsigned for you: give the log's key (--log-key, from\n"
        "pawl log key).\n";
  if (bundle.consumed && !options.log_key.empty())
    text_shown += "The entry which burned it is in the log whose checkpoint that key signed.\n";
  TRY(print(text_shown));
  return ExitCode::done;
}

}  // namespace

Action declare_receipt_show(Options& command) {
  auto options = std::make_shared<ShowOptions>();
  command.required("ID", options->id, "the request");
  command.flag("--json", options->json, "the receipt itself, one JSON object");
  return [options] { return show(*options); };
}

Action declare_receipt_export(Options& command) {
  auto options = std::make_shared<ExportOptions>();
  command.required("ID", options->id, "the request");
  command.required("DIR", options->directory, "where to; made here");
  command.optional(
      "--since", options->since,
      "a checkpoint noted earlier, a file: adds the proof that the receipt's log begins with it");
  return [options] { return export_receipt(*options); };
}

Action declare_receipt_verify(Options& command) {
  auto options = std::make_shared<VerifyOptions>();
  command.required("FILE", options->file, "receipt.json of an export");
  command.required("--signers", options->signers, "allowed_signers: whose keys you believe");
  command.required_count("--quorum", options->quorum, 1000,
                         "how many persons its rule asks for: all of them must have approved");
  command.optional("--log-key", options->log_key, "the log's key: who must have signed the checkpoint in it");
  command.optional(
      "--since", options->since,
      "a checkpoint noted earlier, a file: the receipt's log must begin with it (consistency.json)");
  command.flag("--unspent", options->unspent, "also one that was approved and never used");
  command.flag("--json", options->json, "one JSON object");
  return [options] { return verify(*options); };
}

}  // namespace pawl::cli
