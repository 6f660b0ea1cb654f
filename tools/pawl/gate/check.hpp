// Whether a receipt lets this command start here: everything that can be known without its broker. Pure; the
// receipt is anybody's bytes, the signers' file is what the runner believes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/receipt/gate_document.hpp"
#include "tools/pawl/gate/arguments.hpp"

namespace pawl::gate {

struct Released {
  std::string audience, request, role, action, launcher;
  std::vector<std::string> persons;  // whose approvals count
  std::int64_t expires = 0;          // Unix seconds
};

// `inputs` as they were found here, in ascending order of their names; `now`: Unix seconds by this machine's
// clock. Each way to fail has a reason of its own.
Result<Released> check_receipt(std::string_view receipt_text, std::string_view allowed_signers,
                               const GateCommand& command,
                               const std::vector<receipt::GateDocument::Input>& inputs, std::int64_t now);

}  // namespace pawl::gate
