// Takes the secret out of what goes back to the agent, also when it is split over pieces, in every spelling that
// scrub::SecretFinder knows. Each byte of a find becomes '*', so lengths stay true. Pure. Runs in pawl-egress;
// the text is the upstream's.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/scrub/secret_finder.hpp"

namespace pawl::egress {

class Scrubber {
 public:
  explicit Scrubber(std::string_view secret) : finder_(secret) {}
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;
  ~Scrubber() { scrub::wipe(held_); }

  // A text that is whole: a message's head.
  void scrub_whole(std::string& text) const;
  // The next piece of a body, in place. What could be the start of a find is held back until more comes; all
  // else passes at once.
  void scrub_piece(std::string& piece);
  // At the end of the body: what was held back.
  std::string rest();

 private:
  // Masks finds; returns where one begins that is not whole yet, or the text's end.
  std::size_t mask(std::string& text, scrub::End end) const;

  scrub::SecretFinder finder_;
  std::string held_;
};

}  // namespace pawl::egress
