// Issues SSH user certificates inside the test, with any field as the test wants it. (What a real authority
// issues, ssh-keygen -s makes.)
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/receipt/certificate.hpp"
#include "tests/support/signer.hpp"

namespace pawl::test {

struct Issue {
  std::uint64_t serial = 12;
  std::uint32_t type = 1;
  std::string key_id = "alice's laptop";
  std::vector<std::string> principals = {"alice"};
  std::uint64_t valid_after = 1'779'990'000;  // around the sample receipt
  std::uint64_t valid_before = 1'780'090'000;
  std::vector<std::pair<std::string, std::string>> critical_options;
  std::vector<std::pair<std::string, std::string>> extensions = {{"permit-pty", ""}};
  std::string reserved;
  // Instead of a good signature over what stands before it.
  Bytes signature;
};

Bytes issue(const Signer& authority, const receipt::PublicKey& certified, const Issue& what = {});

}  // namespace pawl::test
