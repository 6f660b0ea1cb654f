#include "tools/pawl/changes/body.hpp"

#include "tools/pawl/changes/content.hpp"

namespace pawl::changes {
namespace {

bool has_text(const std::optional<Node>& node) {
  return node && (node->type == Type::file || node->type == Type::symlink);
}

std::uint64_t size_of(const std::optional<Node>& node) {
  return node && node->type == Type::file ? node->size : 0;
}

Result<std::string> text_of(const std::optional<Node>& node, const UniqueFd& top, const std::string& path,
                            const std::string& target) {
  if (!has_text(node)) return std::string();
  if (node->type == Type::symlink) return target;
  return read_up_to(TRY(open_file(top, path)), kMaxText);
}

}  // namespace

Body Bodies::of(const Change& change) {
  Body body;
  const bool same = change.kind == Kind::renamed || change.content == Change::Content::same;
  if (same || (!has_text(change.before) && !has_text(change.after))) return body;
  const std::uint64_t size = size_of(change.before) + size_of(change.after);
  if (size_of(change.before) > kMaxText || size_of(change.after) > kMaxText || size > budget_) {
    body.form = Body::Form::too_large;
    return body;
  }
  budget_ -= size;
  auto old_text = text_of(change.before, workspace_, change.path, change.old_target);
  auto new_text = text_of(change.after, upper_, change.path, change.target);
  if (!old_text || !new_text) {
    body.form = Body::Form::unreadable;
    return body;
  }
  body.old_text = *std::move(old_text);
  body.new_text = *std::move(new_text);
  body.form = is_binary(body.old_text) || is_binary(body.new_text) ? Body::Form::binary : Body::Form::text;
  if (body.form == Body::Form::text) body.difference = comparer_.compare(body.old_text, body.new_text);
  return body;
}

LineCounts count_lines(const Body& body) {
  LineCounts counts;
  for (const Range& range : body.difference.ranges) {
    counts.added += range.new_count;
    counts.removed += range.old_count;
  }
  return counts;
}

}  // namespace pawl::changes
