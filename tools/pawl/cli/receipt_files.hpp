// A receipt as plain files that stock ssh-keygen can check. Runs as the person; the bundle comes from the
// broker.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/receipt/bundle.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

inline constexpr char kVerifyScript[] = "verify.sh";

// Makes `directory`, which must not exist: receipt.json (`text`), document.json, rendered.txt, for each
// decision N-PERSON.statement.json, .pae and .sig, then allowed_signers, verify.sh, README.
tools::Outcome<> write_receipt_files(const receipt::Bundle& bundle, std::string_view text,
                                     const std::string& directory);

}  // namespace pawl::cli
