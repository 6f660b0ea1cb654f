#include "tools/pawl/cli/signing.hpp"

#include <unistd.h>

#include <algorithm>

#include "supervisor/receipt/dsse.hpp"
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

bool enrolled(const Signer& signer, const receipt::PublicKey& key) {
  return std::ranges::any_of(signer.enrolled, [&key](const std::string& line) {
    const auto known = receipt::parse_public_key(line);
    return known && *known == key;
  });
}

Outcome<> check(const Signer& signer, std::string_view signature_namespace, std::string_view armored,
                std::string_view pae) {
  const auto signature = TRY_DURING("ssh-keygen's signature", receipt::parse_armored(armored));
  TRY_DURING("ssh-keygen's signature",
             receipt::verify(armored, signature.key, signature_namespace, as_bytes(pae)));
  if (signer.enrolled.empty() || enrolled(signer, signature.key)) return {};
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
    const auto key = receipt::parse_public_key(line);
    if (!key || !enrolled(signer, *key)) continue;
    std::string file = scratch + "/key.pub";
    TRY(write_private_file(file, receipt::key_line(*key) + "\n"));
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
