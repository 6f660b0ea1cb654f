// Signs as a reviewer's ssh key would, inside the test: fast, and the same on every run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/public_key.hpp"
#include "supervisor/receipt/statement.hpp"

struct evp_pkey_st;

namespace pawl::test {

class Signer {
 public:
  explicit Signer(std::uint8_t seed);  // an ed25519 key; equal seeds give equal keys

  const receipt::PublicKey& key() const { return key_; }
  std::string line() const { return receipt::key_line(key_); }
  std::string sign(std::string_view signature_namespace, std::string_view message) const;
  // The same key, with a certificate in its place.
  std::string sign_certified(const Bytes& certificate, std::string_view signature_namespace,
                             std::string_view message) const;
  // A signature string over these very bytes, as authorities make them.
  Bytes sign_bytes(ByteSpan bytes) const;
  // Over the PAE of the statement, in the verdict's namespace.
  std::string sign_statement(std::string_view statement, receipt::Verdict verdict) const;
  receipt::SignedDecision decide(const receipt::Statement& statement) const;

 private:
  std::shared_ptr<evp_pkey_st> secret_;
  receipt::PublicKey key_;
};

}  // namespace pawl::test
