// Looks for the session's placeholder in what goes up (hazard 33): in its own slot it is dropped, anywhere else
// somebody carries it away, and the request is refused. A body is judged as it streams; what could be the
// placeholder's start stays behind. Pure. Runs in pawl-egress; the bytes are the agent's.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/scrub/secret_finder.hpp"

namespace pawl::egress {

class PlaceholderWatch {
 public:
  explicit PlaceholderWatch(std::string_view placeholder) : finder_(placeholder) {}

  enum class Verdict : std::uint8_t { clean, found };
  // The head that would go up, without the credential.
  Verdict judge_head(std::string_view head) const;
  // The next piece of a body, in place: what may go up now.
  Verdict judge_piece(std::string& piece, scrub::End end);

 private:
  scrub::SecretFinder finder_;
  std::string held_;
};

}  // namespace pawl::egress
