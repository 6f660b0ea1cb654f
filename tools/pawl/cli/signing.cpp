#include "tools/pawl/cli/signing.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "supervisor/receipt/certificate.hpp"
#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/subprocess.hpp"

namespace pawl::cli {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

// Keys that ssh-agent holds, as lines; none where there is no agent.
Outcome<std::vector<std::string>> agent_keys() {
  ProgramRun run{{"ssh-add", "-L"}, {}, std::chrono::seconds(10)};
  run.complaints = ProgramRun::Complaints::hidden;
  const ProgramResult listed = TRY(run_program(run));
  std::vector<std::string> lines;
  if (listed.exit_code != 0) return lines;
  std::string_view text = listed.output;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What an ssh-agent or a file offers, beside what the person is enrolled with.
struct Offer {
  receipt::PublicKey key;
  std::optional<receipt::Certificate> certificate;
};

std::optional<Offer> read_offer(std::string_view line) {
  if (auto certificate = receipt::parse_certificate_line(line)) {
    receipt::PublicKey key = certificate->key;
    return Offer{std::move(key), *std::move(certificate)};
  }
  if (auto key = receipt::parse_public_key(line)) return Offer{*std::move(key), std::nullopt};
  return std::nullopt;
}

bool fits(const Offer& offer, const receipt::Credential& enrolled, const Signer& signer) {
  using Kind = receipt::Credential::Kind;
  if (!offer.certificate) return enrolled.kind == Kind::key && enrolled.key == offer.key;
  return enrolled.kind == Kind::authority &&
         receipt::check_certificate(*offer.certificate, {enrolled.key, signer.person, std::time(nullptr)});
}

bool fits_any(const Offer& offer, const Signer& signer) {
  return std::ranges::any_of(signer.enrolled, [&](const std::string& line) {
    const auto enrolled = receipt::parse_credential(line);
    return enrolled && fits(offer, *enrolled, signer);
  });
}

// Before it goes out: it holds, and by something that the person is enrolled with, where that is known. The
// first line that the signature names says why it would be refused.
Outcome<> check(const Signer& signer, std::string_view signature_namespace, std::string_view armored,
                std::string_view pae) {
  const auto signature = TRY_DURING("ssh-keygen's signature", receipt::parse_armored(armored));
  if (signature.signature_namespace != signature_namespace)
    return trouble(ExitCode::failed, "ssh-keygen signed in another namespace");
  TRY_DURING("ssh-keygen's signature", receipt::verify_by_itself(signature, as_bytes(pae)));
  if (signer.enrolled.empty()) return {};
  for (const std::string& line : signer.enrolled) {
    const auto enrolled = receipt::parse_credential(line);
    if (!enrolled || !receipt::names(signature, *enrolled)) continue;
    TRY_DURING("ssh-keygen's signature",
               receipt::check_provenance(armored, *enrolled, signature_namespace, as_bytes(pae),
                                         {signer.person, std::time(nullptr), {}}));
    return {};
  }
  if (signature.certificate)
    return trouble(ExitCode::failed,
                   "the authority " + receipt::fingerprint(signature.certificate->authority) +
                       " of this certificate is not enrolled for " + signer.person,
                   "sign with the key itself, or enroll it in people.toml: cert-authority ssh-ed25519 AAAA…");
  return trouble(ExitCode::failed,
                 "the key " + receipt::fingerprint(signature.key) + " is not enrolled for " + signer.person,
                 "sign with an enrolled one (--key FILE), or enroll this one in people.toml");
}

}  // namespace

Outcome<std::string> choose_key(const Signer& signer, const std::string& scratch) {
  if (!signer.key_file.empty()) {
    if (::access(signer.key_file.c_str(), R_OK) != 0) return failed("read key " + signer.key_file);
    return signer.key_file;
  }
  std::string own = signer.key_directory + "/" + signer.person;
  if (::access(own.c_str(), F_OK) == 0) return own;
  for (const std::string& line : TRY(agent_keys())) {
    const auto offer = read_offer(line);
    if (!offer || !fits_any(*offer, signer)) continue;
    std::string file = scratch + (offer->certificate ? "/key-cert.pub" : "/key.pub");
    TRY(write_private_file(file, line + "\n"));
    return file;
  }
  return trouble(ExitCode::failed,
                 "no key to sign with: there is no " + own + ", and ssh-agent holds no key enrolled for " +
                     signer.person,
                 "name one with --key FILE, or load it: ssh-add FILE");
}

Outcome<std::string> sign(const Signer& signer, receipt::Verdict verdict, std::string_view statement) {
  return sign_in(signer, receipt::namespace_of(verdict), statement);
}

Outcome<std::string> sign_in(const Signer& signer, std::string_view signature_namespace,
                             std::string_view statement) {
  const ScratchDirectory scratch = TRY(ScratchDirectory::make());
  const std::string key = TRY(choose_key(signer, scratch.path()));
  const std::string pae = receipt::pre_authentication_encoding(statement);
  const ProgramRun run{{"ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", std::string(signature_namespace)},
                       pae};
  const ProgramResult signed_ = TRY(run_program(run));
  if (signed_.exit_code != 0)
    return trouble(ExitCode::failed, "ssh-keygen could not sign with " + key,
                   "try: ssh-keygen -Y sign -f " + key + " -n test");
  TRY(check(signer, signature_namespace, signed_.output, pae));
  return signed_.output;
}

}  // namespace pawl::cli
