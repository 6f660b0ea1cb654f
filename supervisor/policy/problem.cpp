#include "supervisor/policy/problem.hpp"

#include <algorithm>

namespace pawl::policy {

std::string Problem::text() const {
  std::string shown = file;
  if (line != 0) shown += ":" + std::to_string(line) + ":" + std::to_string(column);
  shown += severity == Severity::note ? ": note: " : ": ";
  shown += message;
  if (!remedy.empty()) shown += " (" + remedy + ")";
  return shown;
}

std::string text_of(const Problems& problems) {
  std::string text;
  for (const Severity wanted : {Severity::refusal, Severity::note})
    for (const Problem& problem : problems)
      if (problem.severity == wanted) text += problem.text() + "\n";
  return text;
}

Error as_error(const Problems& problems) {
  if (problems.empty()) return {0, "the policy is refused", {}};
  const auto first = std::ranges::find_if(
      problems, [](const Problem& problem) { return problem.severity != Severity::note; });
  std::string trail = (first != problems.end() ? *first : problems.front()).text();
  if (problems.size() > 1) trail += ", and " + std::to_string(problems.size() - 1) + " more";
  return {0, std::move(trail), "pawl policy check shows every problem"};
}

}  // namespace pawl::policy
