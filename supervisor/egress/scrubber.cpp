#include "supervisor/egress/scrubber.hpp"

#include <utility>

namespace pawl::egress {

std::size_t Scrubber::mask(std::string& text, scrub::End end) {
  std::size_t from = 0;
  while (const auto found = finder_.find(text, from, end)) {
    if (!found->whole) return found->begin;
    text.replace(found->begin, found->end - found->begin, found->end - found->begin, '*');
    from = found->end;
    masked_ = true;
  }
  return text.size();
}

void Scrubber::scrub_whole(std::string& text) { mask(text, scrub::End::closed); }

void Scrubber::scrub_piece(std::string& piece) {
  piece.insert(0, held_);
  scrub::wipe(held_);
  const std::size_t passes = mask(piece, scrub::End::open);
  held_ = piece.substr(passes);
  piece.resize(passes);
}

std::string Scrubber::rest() {
  // What was held for one find may hold another.
  scrub_whole(held_);
  return std::exchange(held_, {});
}

}  // namespace pawl::egress
