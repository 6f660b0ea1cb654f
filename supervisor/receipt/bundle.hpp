// A receipt on its own feet: document, decisions, and the ledger entry that burned it, in one JSON file that
// can be checked on another machine without pawld (pawl receipt export, pawl receipt verify, pawl gate).
// Pure; written by the broker's side, read from anybody.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/checkpoint.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/statement.hpp"

namespace pawl::receipt {

inline constexpr std::int64_t kBundleVersion = 1;
inline constexpr std::size_t kMaxBundleBytes = 4 * 1024 * 1024;

// One reviewer's signed decision.
struct SignedDecision {
  std::string statement;  // canonical bytes
  std::string signature;  // armored SSHSIG over the PAE of the statement
  std::string person;
  std::string key;  // what the person is enrolled with, as credential_line() spells it: "ssh-ed25519 AAAA…"

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("statement", self.statement);
    archive("signature", self.signature);
    archive("person", self.person);
    archive("key", self.key);
  }
  bool operator==(const SignedDecision&) const = default;
};

// The consume entry, and that it is in the log: the way from it to the root of a signed checkpoint.
struct LedgerProof {
  std::uint64_t index = 0;
  std::string entry;         // the log's line, without line break
  std::vector<Digest> path;  // RFC 9162 inclusion proof, from the leaf upwards
  std::string checkpoint;    // a signed note (checkpoint.hpp)

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("index", self.index);
    archive("entry", self.entry);
    archive("path", self.path);
    archive("checkpoint", self.checkpoint);
  }
  bool operator==(const LedgerProof&) const = default;
};

struct Bundle {
  std::int64_t version = kBundleVersion;
  std::string document;  // canonical bytes
  std::vector<SignedDecision> decisions;
  std::optional<LedgerProof> consumed;  // none: not (or not yet) spent
  std::optional<std::string> preview;   // what the preview printed; the key is left out where there was none

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("version", self.version);
    archive("document", self.document);
    archive("decisions", self.decisions);
    archive("consumed", self.consumed);
    archive.when_there("preview", self.preview);
  }
  bool operator==(const Bundle&) const = default;
};

Result<std::string> write_bundle(const Bundle& bundle);  // canonical JSON and a final line break
Result<Bundle> read_bundle(std::string_view text);

struct CheckedDecision {
  Statement statement;
  Provenance made;
};

// Checks one signed decision by itself: statement strict, signature by exactly what `key` says, in the
// verdict's namespace; a certificate holds at `received`, Unix seconds by the clock of whoever received it.
Result<CheckedDecision> check_signed(const SignedDecision& decision, std::int64_t received,
                                     const Demands& demands = {});
// The same where nobody recorded when it came: as of the time that the reviewer signed.
Result<Statement> check_signed(const SignedDecision& decision);

struct BundleReport {
  Binding binding;
  Document document;
  std::vector<Statement> approvals;  // each by another person
  std::vector<Statement> denials;
  std::vector<Provenance> signatures;          // one for each decision, in the bundle's order
  std::optional<SignedCheckpoint> checkpoint;  // that holds the entry which burned it; signed by whom is not
                                               // looked at here
};

// What a stranger can establish offline: the document is the one decided on, every decision is signed in the
// verdict's namespace by a key that `allowed_signers` gives to that person, no person counts twice, the
// rendering matches, the preview is the one that was shown, the launcher is told, and the ledger entry (where
// there is one) burned this very request and leads to the checkpoint's root. At least `quorum` (≥ 1) persons
// must approve and none deny. Whose checkpoint it is tells the log's key: one of those that `allowed_signers`
// names, where it names some; else LogKey::check().
Result<BundleReport> verify_bundle(const Bundle& bundle, std::string_view allowed_signers, unsigned quorum);

}  // namespace pawl::receipt
