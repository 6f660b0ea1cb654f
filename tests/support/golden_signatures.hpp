// The golden signatures of every kind (tests/golden/receipt): one decision each, by one person.
#pragma once

#include <string>
#include <vector>

#include "supervisor/receipt/bundle.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pawl::test {

inline const std::vector<std::string>& golden_kinds() {
  static const std::vector<std::string> kinds = {
      "ed25519",         "ecdsa",         "rsa",           "sk-ed25519", "sk-ecdsa",
      "cert-ed25519",    "cert-ecdsa",    "cert-by-ecdsa", "cert-rsa",   "cert-by-rsa",
      "cert-sk-ed25519", "cert-sk-ecdsa", "cert-by-sk",    "passkey"};
  return kinds;
}

// `verb`: approve or deny.
inline receipt::SignedDecision golden_decision(const std::string& kind, const std::string& verb) {
  const std::string folder = PAWL_SOURCE_ROOT "/tests/golden/receipt/";
  std::string line = read_file(folder + kind + ".pub");
  line.pop_back();
  return {read_file(folder + verb + ".json"), read_file(folder + verb + "." + kind + ".sig"), "alice", line};
}

}  // namespace pawl::test
