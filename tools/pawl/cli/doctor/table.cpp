#include "tools/pawl/cli/doctor/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "supervisor/receipt/render.hpp"

namespace pawl::cli {
namespace {

constexpr std::string_view kCause = "cause   ";
constexpr std::string_view kRemedy = "remedy  ";

std::string_view word(State state) {
  switch (state) {
    case State::missing:
      return "missing";
    case State::not_needed:
      return "not needed";
    case State::works:
      return "works";
  }
  return "missing";
}

// Words put on lines of `width` columns after the first `indent`; a longer word, as of a path, stays whole.
std::string wrapped(std::string_view text, std::size_t indent) {
  const std::size_t width = kTableWidth - indent;
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(' '));
    if (column != 0 && column + 1 + one.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      column = 0;
    }
    if (column != 0) lines += ' ';
    lines += one;
    column += one.size() + (column != 0 ? 1 : 0);
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return lines + "\n";
}

std::vector<Row> worst_first(std::vector<Row> rows) {
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.finding.state; });
  return rows;
}

}  // namespace

std::string doctor_table(const std::vector<Row>& all) {
  const std::vector<Row> rows = worst_first(all);
  std::size_t widest = std::string_view("LAYER").size();
  for (const Row& row : rows) widest = std::max(widest, receipt::visible(row.layer).size());
  const std::string margin(widest + 2, ' ');
  const std::size_t indent = margin.size() + kCause.size();
  std::string text = fmt::format("{:<{}}  {:<10}  HOLDS\n", "LAYER", widest, "OUTCOME");
  std::map<std::string, std::string> told;  // cause or remedy → the layer that has it already
  for (const Row& row : rows) {
    const std::string layer = receipt::visible(row.layer);
    text += fmt::format("{:<{}}  {:<10}  ", layer, widest, word(row.finding.state));
    text += wrapped(row.holds, margin.size() + 12);
    if (row.finding.state == State::works) continue;
    for (const auto& [title, words] : {std::pair{kCause, row.finding.cause}, {kRemedy, row.finding.remedy}}) {
      if (words.empty()) continue;
      const auto [first, fresh] = told.emplace(words, layer);
      const std::string line = fresh ? receipt::visible(words) : "as for " + first->second;
      text += margin + std::string(title) + wrapped(line, indent);
    }
  }
  return text;
}

std::string doctor_summary(const std::vector<Row>& rows) {
  const auto count = [&rows](State state) {
    return std::ranges::count(rows, state, [](const Row& row) { return row.finding.state; });
  };
  return fmt::format("{} work, {} missing, {} not needed: {}\n", count(State::works), count(State::missing),
                     count(State::not_needed),
                     all_honoured(rows) ? "every role can be honoured" : "not every role can be honoured");
}

boost::json::array doctor_json(const std::vector<Row>& all) {
  boost::json::array array;
  for (const Row& row : worst_first(all))
    array.push_back({{"layer", row.layer},
                     {"state", word(row.finding.state)},
                     {"required", row.required == Required::yes},
                     {"cause", row.finding.cause},
                     {"remedy", row.finding.remedy}});
  return array;
}

bool all_honoured(const std::vector<Row>& rows) {
  return std::ranges::none_of(rows, [](const Row& row) { return row.finding.state == State::missing; });
}

}  // namespace pawl::cli
