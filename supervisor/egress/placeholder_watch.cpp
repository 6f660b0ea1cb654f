#include "supervisor/egress/placeholder_watch.hpp"

namespace pawl::egress {

PlaceholderWatch::Verdict PlaceholderWatch::judge_head(std::string_view head) const {
  return finder_.find(head, 0, scrub::End::closed) ? Verdict::found : Verdict::clean;
}

PlaceholderWatch::Verdict PlaceholderWatch::judge_piece(std::string& piece, scrub::End end) {
  piece.insert(0, held_);
  held_.clear();
  const auto found = finder_.find(piece, 0, end);
  if (!found) return Verdict::clean;
  if (found->whole) return Verdict::found;
  held_ = piece.substr(found->begin);
  piece.resize(found->begin);
  return Verdict::clean;
}

}  // namespace pawl::egress
