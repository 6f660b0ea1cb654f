// Takes the secret out of what goes back to the agent, also when it is split over pieces: in plain,
// percent-encoded, JSON-escaped and Base64 form. Each byte of a find becomes '*', so lengths stay true. Pure.
// Runs in pawl-egress; the text is the upstream's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/egress/secret.hpp"

namespace pawl::egress {

class Scrubber {
 public:
  explicit Scrubber(std::string_view secret);

  // A text that is whole: a message's head.
  void scrub_whole(std::string& text) const;
  // The next piece of a body, in place. What could be the start of a find is held back until more comes; all
  // else passes at once.
  void scrub_piece(std::string& piece);
  // At the end of the body: what was held back.
  std::string rest();

 private:
  std::size_t held_tail(std::string_view text) const;

  std::vector<Secret> forms_;
  std::string held_;
};

}  // namespace pawl::egress
