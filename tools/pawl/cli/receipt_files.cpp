#include "tools/pawl/cli/receipt_files.hpp"

#include <sys/stat.h>

#include <array>
#include <ctime>
#include <set>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/private_files.hpp"

namespace pawl::cli {
namespace {

constexpr std::string_view kReadme =
    "A pawl receipt: one action, the people who decided on it, and the record that burned it.\n\n"
    "  sh verify.sh           checks with ssh-keygen (OpenSSH 8.4 or later; for certificates one that knows\n"
    "                         -O verify-time, as 9.2 does) and sha256sum that every signature holds and is\n"
    "                         about document.json\n"
    "  rendered.txt           what the people saw; made from document.json alone\n"
    "  preview.txt            what the action's preview printed, where it has one: statements name its "
    "SHA-256\n"
    "  *.statement.json       what each signed: the SHA-256 of document.json is its subject\n"
    "  *.pae                  the exact bytes that were signed\n"
    "  receipt.json           all of it in one file, for: pawl receipt verify receipt.json --signers FILE\n\n"
    "allowed_signers was written from the receipt itself. A signature proves a person only against a\n"
    "list that you got from elsewhere (pawl people allowed-signers): put that in its place.\n";

constexpr std::string_view kScriptHead = R"(#!/bin/sh
# Exit code 0: every signature holds, and each is about document.json. Needs ssh-keygen, sha256sum and grep.
set -eu
export TZ=UTC
case $0 in */*) cd "${0%/*}" ;; esac
digest=$(sha256sum <document.json)
subject="\"subject\":[{\"digest\":{\"sha256\":\"${digest%% *}\"},\"name\":\"action\"}]"
is_about_document() {
  grep -q -F "$subject" "$1" && return
  echo "$1 is not about document.json" >&2
  exit 1
}

)";

// Certificates are gone long before a receipt is: they have to hold at the time that was signed. Other keys
// need no such option, which older versions lack.
std::string time_option(const receipt::Credential& signer, std::int64_t time) {
  if (signer.kind != receipt::Credential::Kind::authority) return {};
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&time, &parts);
  std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &parts);
  return "-O verify-time=" + std::string(text.data()) + " ";
}

class Export {
 public:
  explicit Export(std::string directory) : directory_(std::move(directory)) {}

  Result<> write(const std::string& name, std::string_view text) const {
    return write_private_file(directory_ + "/" + name, text);
  }

  tools::Outcome<> add(const receipt::SignedDecision& decision) {
    const receipt::Statement statement = TRY_DURING("a decision", receipt::check_signed(decision));
    TRY(receipt::check_person_name(statement.person));  // it becomes a file name and a word of the script
    const std::string stem = std::to_string(++count_) + "-" + statement.person;
    TRY(write(stem + ".statement.json", decision.statement));
    TRY(write(stem + ".pae", receipt::pre_authentication_encoding(decision.statement)));
    TRY(write(stem + ".sig", decision.signature));
    const auto signer = TRY(receipt::parse_credential(decision.key));
    signers_.insert(TRY(receipt::allowed_signers_line(statement.person, signer)));
    script_ += "ssh-keygen -Y verify " + time_option(signer, statement.time) + "-f allowed_signers -I '" +
               statement.person + "' -n " + std::string(receipt::namespace_of(statement.verdict)) + " -s '" +
               stem + ".sig' < '" + stem + ".pae'\nis_about_document '" + stem + ".pae'\n";
    return {};
  }

  Result<> finish() const {
    std::string lines;
    for (const std::string& line : signers_) lines += line + "\n";
    TRY(write("allowed_signers", lines));
    TRY(write(kVerifyScript, script_));
    return write("README", kReadme);
  }

 private:
  std::string directory_;
  std::string script_{kScriptHead};
  std::set<std::string> signers_;  // lines; a person may decide twice with one key
  unsigned count_ = 0;
};

}  // namespace

tools::Outcome<> write_receipt_files(const receipt::Bundle& bundle, std::string_view text,
                                     const std::string& directory) {
  const auto document = TRY_DURING("the action document", receipt::read_any_document(bundle.document));
  if (::mkdir(directory.c_str(), 0700) != 0) return failed("make directory " + directory);
  Export files(directory);
  TRY(files.write("receipt.json", text));
  TRY(files.write("document.json", bundle.document));
  TRY(files.write("rendered.txt", receipt::render_any(document)));
  if (bundle.preview) TRY(files.write("preview.txt", *bundle.preview));
  for (const receipt::SignedDecision& decision : bundle.decisions) TRY(files.add(decision));
  TRY(files.finish());
  return {};
}

}  // namespace pawl::cli
