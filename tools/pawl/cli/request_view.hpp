// A request as a reviewer sees it: the document parsed, hashed and rendered here, nothing believed of the
// broker's own description. Pure; the document's words and the agent's are foreign text.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

struct Reviewed {
  wire::RequestShown shown;
  Digest document{};     // SHA-256 of the document's bytes
  std::string rendered;  // by this program, of the same bytes

  // Refuses a document that is not one in every detail.
  static tools::Outcome<Reviewed> read(wire::RequestShown shown);
};

// Everything there is to see, many lines: who asks, what for, the rendering, the agent's words, decisions,
// output.
std::string request_text(const Reviewed& request);
// "still 1 of 2 approvals", "approved", …: one line.
std::string state_line(const wire::RequestInfo& info);
std::string request_table(const std::vector<wire::RequestInfo>& requests, std::int64_t now);

}  // namespace pawl::cli
