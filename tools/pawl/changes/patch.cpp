#include "tools/pawl/changes/patch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/receipt/render.hpp"

namespace pawl::changes {
namespace {

using receipt::visible;
using receipt::visible_word;

constexpr std::size_t kGraph = 40;  // columns of + and -
constexpr std::size_t kMostPath = 60;

class Painter {
 public:
  explicit Painter(Colour colour) : colour_(colour) {}
  void line(std::string_view text, const char* code = nullptr) {
    const bool painted = colour_ == Colour::on && code != nullptr;
    if (painted) out_ += fmt::format("\x1b[{}m", code);
    out_ += text;
    if (painted) out_ += "\x1b[0m";
    out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  Colour colour_;
  std::string out_;
};

constexpr char kBold[] = "1", kRed[] = "31", kGreen[] = "32", kYellow[] = "33", kCyan[] = "36";

// As git writes it: six digits.
std::string mode_of(const Node& node) {
  switch (node.type) {
    case Type::symlink:
      return "120000";
    case Type::folder:
      return fmt::format("040{:03o}", node.mode & 0777u);
    case Type::file:
      return fmt::format("100{:03o}", node.mode & 0777u);
    default:
      return fmt::format("{:03o}", node.mode & 0777u);
  }
}

std::string sides(const Change& change) {
  const std::string& old_path = change.kind == Kind::renamed ? change.old_path : change.path;
  return visible_word("a/" + old_path) + " " + visible_word("b/" + change.path);
}

std::string what(const Node& node) { return std::string(word(node.type)); }

void head(Painter& out, const Change& change) {
  out.line("diff --git " + sides(change), kBold);
  switch (change.kind) {
    case Kind::added:
      out.line("new " + what(*change.after) + " mode " + mode_of(*change.after), kBold);
      break;
    case Kind::deleted:
      out.line("deleted " + what(*change.before) + " mode " + mode_of(*change.before), kBold);
      break;
    case Kind::renamed:
      out.line("similarity index 100%", kBold);
      out.line("rename from " + visible_word(change.old_path), kBold);
      out.line("rename to " + visible_word(change.path), kBold);
      break;
    case Kind::modified:
      break;
  }
  if (change.before && change.after && mode_of(*change.before) != mode_of(*change.after)) {
    out.line("old mode " + mode_of(*change.before), kBold);
    out.line("new mode " + mode_of(*change.after), kBold);
  }
}

std::vector<std::string> notes(const Change& change) {
  std::vector<std::string> lines;
  if (!change.guarded.protection.empty()) lines.push_back("protected: " + visible(change.guarded.protection));
  if (!change.guarded.escape.empty())
    lines.push_back("escaping: " + change.guarded.escape + ": " + visible_word(change.target));
  if (!change.guarded.special.empty()) lines.push_back("special: " + visible(change.guarded.special));
  if (!change.conflict.empty()) lines.push_back("conflict: " + change.conflict);
  if (change.after && change.after->type == Type::file && change.after->links > 1)
    lines.emplace_back("a hard link: written as a file of its own");
  return lines;
}

void text_body(Painter& out, const Change& change, const Body& body) {
  out.line(change.before ? "--- " + visible_word("a/" + change.path) : "--- /dev/null", kBold);
  out.line(change.after ? "+++ " + visible_word("b/" + change.path) : "+++ /dev/null", kBold);
  if (body.difference.by == Comparer::Difference::By::whole)
    out.line("(not compared line by line: all of the old, then all of the new)", kYellow);
  const Lines old_lines = split_lines(body.old_text);
  const Lines new_lines = split_lines(body.new_text);
  const auto span = [](std::uint32_t from, std::uint32_t count) {
    return count == 1 ? fmt::format("{}", from) : fmt::format("{},{}", from, count);
  };
  for (const Hunk& hunk : hunks(old_lines, new_lines, body.difference.ranges)) {
    out.line(fmt::format("@@ -{} +{} @@", span(hunk.old_from, hunk.old_count),
                         span(hunk.new_from, hunk.new_count)),
             kCyan);
    for (const HunkLine& line : hunk.lines) {
      const bool whole = line.text.ends_with('\n');
      const std::string_view text = whole ? line.text.substr(0, line.text.size() - 1) : line.text;
      const char* code = line.kind == '-' ? kRed : line.kind == '+' ? kGreen : nullptr;
      out.line(line.kind + visible_line(text), code);
      if (!whole) out.line("\\ No newline at end of file");
    }
  }
}

std::string bytes(const std::optional<Node>& node) {
  return node ? fmt::format("{} bytes", node->size) : std::string("nothing");
}

struct Row {
  std::string name;
  std::string text;  // instead of a graph
  LineCounts lines;
};

Row row_of(const Change& change, Bodies& bodies) {
  Row row{visible_word(change.path), {}, {}};
  if (change.kind == Kind::renamed) {
    row.name = visible_word(change.old_path) + " => " + row.name;
    row.text = "renamed";
    return row;
  }
  const Body body = bodies.of(change);
  const std::string sizes = bytes(change.before) + " -> " + bytes(change.after);
  switch (body.form) {
    case Body::Form::text:
      row.lines = count_lines(body);
      if (row.lines.added + row.lines.removed == 0) row.text = std::string(word(change.kind)) + ", empty";
      return row;
    case Body::Form::binary:
      row.text = "binary, " + sizes;
      return row;
    case Body::Form::too_large:
      row.text = "too large to show, " + sizes;
      return row;
    case Body::Form::unreadable:
      row.text = "cannot be read";
      return row;
    case Body::Form::none:
      break;
  }
  const Node& node = change.after ? *change.after : *change.before;
  if (change.kind == Kind::modified && change.content == Change::Content::same)
    row.text = "mode " + mode_of(*change.before) + " -> " + mode_of(*change.after);
  else
    row.text = std::string(word(change.kind)) + " " + what(node);
  return row;
}

std::string graph(const LineCounts& lines, std::size_t most) {
  const std::size_t all = lines.added + lines.removed;
  const std::size_t width = std::min(kGraph, most);
  const auto scaled = [&](std::size_t count) {
    return count == 0 ? 0 : std::max<std::size_t>(1, count * width / most);
  };
  return fmt::format("{} {}{}", all, std::string(scaled(lines.added), '+'),
                     std::string(scaled(lines.removed), '-'));
}

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

std::string visible_line(std::string_view text) {
  std::string line;
  for (;;) {
    const std::size_t tab = text.find('\t');
    line += visible(text.substr(0, tab));
    if (tab == std::string_view::npos) return line;
    line += '\t';
    text.remove_prefix(tab + 1);
  }
}

std::string patch_of(const Change& change, const Body& body, Colour colour) {
  Painter out(colour);
  head(out, change);
  for (const std::string& note : notes(change)) out.line(note, kYellow);
  switch (body.form) {
    case Body::Form::none:
      break;
    case Body::Form::text:
      if (!body.difference.ranges.empty()) text_body(out, change, body);
      break;
    case Body::Form::binary:
      out.line("Binary files " + sides(change) + " differ (" + bytes(change.before) + " -> " +
               bytes(change.after) + ")");
      break;
    case Body::Form::too_large:
      out.line("not shown, it is too large: " + bytes(change.before) + " -> " + bytes(change.after), kYellow);
      break;
    case Body::Form::unreadable:
      out.line("not shown, it cannot be read", kYellow);
      break;
  }
  return out.take();
}

std::string stat_of(const ChangeSet& set, Bodies& bodies) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < set.changes.size(); ++i)
    if (!goes_without_saying(set, i)) rows.push_back(row_of(set.changes[i], bodies));
  std::size_t width = 0;
  std::size_t most = 1;
  LineCounts sum;
  for (const Row& row : rows) {
    width = std::max(width, std::min(kMostPath, row.name.size()));
    most = std::max(most, row.lines.added + row.lines.removed);
    sum.added += row.lines.added;
    sum.removed += row.lines.removed;
  }
  std::string text;
  for (const Row& row : rows)
    text +=
        fmt::format(" {:<{}} | {}\n", row.name, width, row.text.empty() ? graph(row.lines, most) : row.text);
  text += fmt::format(" {}; {}(+), {}(-)\n", sum_of(count(set)), plural(sum.added, "line"),
                      plural(sum.removed, "line"));
  return text;
}

std::string sum_of(const Counts& counts) {
  if (counts.all() == 0) return "no changes";
  std::string text;
  const auto add = [&](std::size_t number, std::string_view kind) {
    if (number == 0) return;
    text += text.empty() ? plural(number, "file") : fmt::format(", {}", number);
    text += fmt::format(" {}", kind);
  };
  add(counts.added, "added");
  add(counts.modified, "modified");
  add(counts.deleted, "deleted");
  add(counts.renamed, "renamed");
  return text;
}

std::string warnings_of(const ChangeSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.changes.size(); ++i) {
    if (goes_without_saying(set, i)) continue;
    const Change& change = set.changes[i];
    for (const std::string& note : notes(change))
      if (!note.starts_with("a hard link"))
        text += fmt::format("  {}: {}\n", visible_word(change.path), note);
  }
  for (const LeftOut& left : set.left_out)
    text += fmt::format("  {}: left out: {}\n", visible_word(left.path.empty() ? "." : left.path),
                        visible(left.reason));
  return text;
}

}  // namespace pawl::changes
