#include "tools/pawl/changes/guards.hpp"

#include <algorithm>
#include <span>

#include "supervisor/policy/protections.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {
namespace {

constexpr std::uint32_t kSetId = 06000;
constexpr std::uint32_t kOthersWrite = 022;

// In a live workspace these must be writable, or nothing could be rebased. From an agent's copy they are the
// agent's commands in the person's next `git rebase --continue`.
constexpr policy::ProtectedPattern kOnlyHere[] = {
    {"**/.git/rebase-merge", "git runs the commands in its list"},
    {"**/.git/rebase-apply", "git goes on with what it holds"},
    {"**/.git/sequencer", "git goes on with what it holds"},
    {"**/.git/worktrees/*/rebase-merge", "git runs the commands in its list"},
    {"**/.git/worktrees/*/rebase-apply", "git goes on with what it holds"},
    {"**/.git/worktrees/*/sequencer", "git goes on with what it holds"},
    {"**/.git/modules/**/rebase-merge", "git runs the commands in its list"},
};

std::string lower(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return small;
}

template <class Item>
std::vector<std::string> texts_of(const std::vector<Item>& items, std::string Item::* text) {
  std::vector<std::string> list;
  for (const Item& item : items) list.push_back(item.*text);
  return list;
}

std::vector<std::string> lower_all(const std::vector<std::string>& list) {
  std::vector<std::string> small;
  for (const std::string& item : list) small.push_back(lower(item));
  return small;
}

bool has(const std::vector<std::string>& names, std::string_view wanted) {
  return std::ranges::any_of(names, [&](const std::string& name) { return lower(name) == wanted; });
}

// Whether `path` lies in this folder of a .git folder.
bool git_folder_has(std::string_view path, std::string_view folder) {
  const std::string inside = ".git/" + std::string(folder);
  return path.starts_with(inside) || path.find("/" + inside) != std::string_view::npos;
}

}  // namespace

std::vector<Guards::Pattern> Guards::all_patterns(const std::vector<std::string>& protect) {
  std::vector<Pattern> all;
  const auto add = [&all](std::span<const policy::ProtectedPattern> table) {
    for (const policy::ProtectedPattern& row : table)
      all.push_back({lower(row.pattern), std::string(row.reason)});
  };
  add(policy::protected_patterns());
  add(kOnlyHere);
  // Those above are usually among them, with their reasons.
  for (const std::string& pattern : protect)
    if (std::ranges::find(all, lower(pattern), &Pattern::text) == all.end())
      all.push_back({lower(pattern), "the role protects it"});
  return all;
}

Guards::Guards(const std::vector<std::string>& protect, const std::vector<std::string>& hide)
    : patterns_(all_patterns(protect)),
      protect_(texts_of(patterns_, &Pattern::text)),
      hide_(lower_all(hide)) {}

Guards::Position Guards::top() const { return {protect_.start(), hide_.start(), {}}; }

Guards::Position Guards::enter(const Position& folder, std::string_view name) const {
  Position here;
  here.reason = folder.reason;
  if (!here.reason.empty()) return here;
  const std::string small = lower(name);
  here.protect = protect_.enter(folder.protect, small);
  here.hide = hide_.enter(folder.hide, small);
  if (const auto matched = protect_.matched(here.protect); !matched.empty())
    here.reason = patterns_[matched.front()].reason;
  else if (!hide_.matched(here.hide).empty())
    here.reason = "the role hides it: the agent did not see yours";
  return here;
}

bool Guards::may_lead_on(const Position& here) const {
  return !protect_.begun(here.protect).empty() || !hide_.begun(here.hide).empty();
}

std::string permissions_reason(const Node& after, const std::optional<Node>& before, std::uint32_t usual) {
  const bool is_folder = after.type == Type::folder;
  if (!is_folder && (after.mode & kSetId) != 0)
    return "it would run with its owner's rights; the setuid and setgid bits are dropped";
  const std::uint32_t fresh = after.mode & kOthersWrite & ~usual & ~(before ? before->mode : 0u);
  return fresh == 0 ? "" : "others on this machine could write to it";
}

bool is_git_name(std::string_view name) { return lower(name) == ".git"; }

bool is_bare_repository(std::string_view path, const std::vector<std::string>& names) {
  const std::string small = lower(path);
  // Their config, hooks and commondir are protected by name.
  if (is_git_name(name_of(small)) || git_folder_has(small, "modules/")) return false;
  const bool head = has(names, "head");
  if (has(names, "objects") && has(names, "refs") && (head || has(names, "config"))) return true;
  // A worktree's own folder is as it should be.
  const bool worktree = name_of(parent_of(small)) == "worktrees" && git_folder_has(small, "worktrees/");
  return head && has(names, "commondir") && !worktree;
}

bool may_escape(std::string_view path, std::string_view target) {
  if (target.empty() || target.front() == '/') return true;
  const auto depth = std::ranges::count(path, '/');
  std::ptrdiff_t climbed = 0;
  bool went_down = false;
  while (!target.empty()) {
    const std::size_t slash = target.find('/');
    const std::string_view segment = target.substr(0, slash);
    target = slash == std::string_view::npos ? std::string_view{} : target.substr(slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      went_down = true;
    } else if (went_down || ++climbed > depth) {
      return true;
    }
  }
  return false;
}

}  // namespace pawl::changes
