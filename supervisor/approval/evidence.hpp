// Is this signed decision worth anything for this request? The one place that answers it: asked when a
// decision comes in, again when the receipt is spent, and again by `log verify`. Pure; reads reviewers'
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/checked_decisions.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/approval/rule.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/statement.hpp"

namespace pawl::approval {

// Finds out who signed, by the statement's person and what they are enrolled with: the key that is byte-equal
// to the signature's, or the authority that issued its certificate.
Result<receipt::SignedDecision> identify(const Rule& rule, std::string_view statement,
                                         std::string_view signature);

// Signature by a key of that person in that group of `rule`, namespace of the verdict, every field as the
// request has it; and an approval not by the launcher unless the rule allows it, not before the group may
// decide, and with a reason where the rule wants one. A denial is welcome from whoever is in a group.
// `received`: when it came in, Unix ms by the broker's clock; a certificate must hold then. A signature that
// `checked` holds is not computed again.
Result<receipt::Statement> check_evidence(const Request& request, const receipt::SignedDecision& evidence,
                                          const Rule& rule, std::int64_t received,
                                          const CheckedDecisions* checked = nullptr);

// Every decision of the request holds under `rule`, none is a denial, and enough distinct persons approve,
// enough of them as members of each group that must. Who they are.
Result<std::vector<std::string>> check_quorum(const Request& request, const Rule& rule,
                                              const CheckedDecisions* checked = nullptr);

}  // namespace pawl::approval
