// That a log holds the entry which burned a receipt: signed, complete, and the same each time but for the
// key.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/checkpoint.hpp"
#include "supervisor/receipt/merkle.hpp"

namespace pawl::test {

inline const receipt::LogSigner& log_signer() {
  static const receipt::LogSigner made = receipt::LogSigner::generate("pawl/prod").value();
  return made;
}

// In a log of nine entries.
inline receipt::LedgerProof sample_proof(const receipt::Binding& binding,
                                         const std::string& kind = "consume") {
  receipt::LedgerProof proof;
  proof.index = 7;
  proof.entry = "{\"body\":{\"audience\":\"" + binding.audience + "\",\"document\":\"" +
                to_hex(binding.document) + "\",\"persons\":[\"alice\",\"bob\"],\"request\":\"" +
                binding.request + "\"},\"index\":7,\"kind\":\"" + kind + "\",\"time\":1}";
  std::map<std::pair<unsigned, std::uint64_t>, Digest> nodes;
  receipt::TreeEdge tree;
  for (std::uint64_t index = 0; index < 9; ++index)
    tree.add(receipt::leaf_hash(as_bytes(index == 7 ? proof.entry : "another")),
             [&](unsigned height, std::uint64_t at, const Digest& hash) { nodes[{height, at}] = hash; });
  proof.path = receipt::make_inclusion(7, 9, [&](unsigned height, std::uint64_t at) -> Result<Digest> {
                 return nodes.at({height, at});
               }).value();
  proof.checkpoint = log_signer().sign({9, tree.root()}).value();
  return proof;
}

}  // namespace pawl::test
