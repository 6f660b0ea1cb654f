// A request as a reviewer sees it: the document parsed, hashed and rendered here, nothing believed of the
// broker's own description. Pure; the document's words and the agent's are foreign text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/wire/client.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

// Refuses an answer about another request than the one whose id, or a prefix of it, was given.
tools::Outcome<> check_asked_for(const std::string& asked, const std::string& answered);

struct Reviewed {
  wire::RequestShown shown;
  Digest document{};                   // SHA-256 of the document's bytes
  std::string rendered;                // by this program, of the same bytes
  std::optional<std::string> preview;  // what the action's preview printed, whole; none: it has none

  // SHA-256 of the preview's bytes, as the statement names it.
  std::optional<Digest> preview_digest() const;

  // Refuses a document that is not one in every detail, and a preview that is not the one which the broker
  // asks to sign, or that the document knows nothing of.
  static tools::Outcome<Reviewed> read(wire::RequestShown shown, std::optional<std::string> preview);
};

// What its preview printed, where it has one: longer than what fits beside the rest.
tools::Outcome<std::optional<std::string>> fetch_preview(const wire::Client& client,
                                                         const wire::RequestShown& shown);

// Everything there is to see, many lines: who asks, what for, the rendering, the agent's words, decisions,
// output.
std::string request_text(const Reviewed& request);
// "still 1 of 2 approvals", "approved", …: one line.
std::string state_line(const wire::RequestInfo& info);
std::string request_table(const std::vector<wire::RequestInfo>& requests, std::int64_t now);

}  // namespace pawl::cli
