// Answers that pawl itself gives to the agent, in HTTP. Pure; runs in pawl-egress.
#pragma once

#include <string>

#include "supervisor/egress/http_head.hpp"
#include "supervisor/egress/rewrite.hpp"

namespace pawl::egress {

// A whole response, body {"type":"error","error":{"type":"pawl_refused","message":"pawl: route R: …"}}: the
// shape that the vendors' clients show to their user.
std::string refusal_answer(const Refusal& refusal, const std::string& route, AfterAnswer after);

}  // namespace pawl::egress
