// Signs a decision, or an order, with the person's own key, by stock ssh-keygen: a file, or a key that
// ssh-agent holds. Runs as the person; the key never comes here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/receipt/public_key.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

struct Signer {
  std::string person;
  std::string key_file;               // --key FILE; empty: found by choose_key()
  std::vector<std::string> enrolled;  // the person's key lines as the broker knows them; empty: not known
  std::string key_directory;          // ~/.config/pawl/keys
};

// The file to give to ssh-keygen -f: --key; else <key_directory>/<person>; else a public key file, written to
// `scratch`, of the first key that ssh-agent holds and that is enrolled, itself or by its certificate's
// authority.
tools::Outcome<std::string> choose_key(const Signer& signer, const std::string& scratch);

// The armored SSHSIG over the statement's PAE in the verdict's namespace. It was checked here already, and by
// an enrolled key where those are known.
tools::Outcome<std::string> sign(const Signer& signer, receipt::Verdict verdict, std::string_view statement);
// The same in a namespace that is named.
tools::Outcome<std::string> sign_in(const Signer& signer, std::string_view signature_namespace,
                                    std::string_view statement);

}  // namespace pawl::cli
