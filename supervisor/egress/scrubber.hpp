// Takes a secret out of what passes, also when it is split over pieces, in every spelling that
// scrub::SecretFinder knows: the real one out of what goes back to the agent, the placeholder out of what
// goes up. Each byte of a find becomes '*', so lengths stay true. Pure. Runs in pawl-egress; the text is the
// upstream's or the agent's.
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
  void scrub_whole(std::string& text);
  // The next piece of a body, in place. What could be the start of a find is held back until more comes; all
  // else passes at once.
  void scrub_piece(std::string& piece);
  // At the end of the body: what was held back.
  std::string rest();
  // Whether a text that is whole holds it.
  bool is_in(std::string_view text) const { return finder_.find(text, 0, scrub::End::closed).has_value(); }
  // Whether anything was masked so far.
  bool has_masked() const { return masked_; }

 private:
  // Masks finds; returns where one begins that is not whole yet, or the text's end.
  std::size_t mask(std::string& text, scrub::End end);

  scrub::SecretFinder finder_;
  std::string held_;
  bool masked_ = false;
};

}  // namespace pawl::egress
