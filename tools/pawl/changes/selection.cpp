#include "tools/pawl/changes/selection.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pawl::changes {
namespace {

bool any_covers(const std::vector<std::string>& chosen, const Change& change) {
  return std::ranges::any_of(chosen, [&](const std::string& path) { return covers(path, change); });
}

bool names(const std::vector<std::string>& chosen, const Change& change) {
  return std::ranges::find(chosen, change.path) != chosen.end();
}

class Selector {
 public:
  Selector(const ChangeSet& set, const Choice& choice) : set_(set), choice_(choice) {
    for (std::size_t i = 0; i < set.changes.size(); ++i) {
      const Change& change = set.changes[i];
      (change.kind == Kind::deleted ? deleted_ : made_)[change.path] = i;
    }
  }

  Selection run() {
    for (std::size_t i = 0; i < set_.changes.size(); ++i)
      if (chosen(i)) judge(i);
    // What depends on something that is held is held too, and so on.
    while (hold_dependants()) continue;
    Selection selection;
    selection.taken.assign(taken_.begin(), taken_.end());
    for (auto& [index, held] : held_) selection.held.push_back(std::move(held));
    return selection;
  }

 private:
  bool chosen(std::size_t index) const {
    if (choice_.confirmed.contains(index)) return true;
    if (choice_.scope == Choice::Scope::confirmed) return false;
    const Change& change = set_.changes[index];
    return choice_.paths.empty() || any_covers(choice_.paths, change) || names(choice_.force, change) ||
           any_covers(choice_.overwrite, change);
  }

  void hold(std::size_t index, Held::Why why, std::string reason) {
    taken_.erase(index);
    held_.try_emplace(index, Held{index, why, std::move(reason)});
  }

  void judge(std::size_t index) {
    const Change& change = set_.changes[index];
    const Guarded& guarded = change.guarded;
    const bool confirmed = choice_.confirmed.contains(index);
    if (change.writable == Writable::never)
      hold(index, Held::Why::never, guarded.special);
    else if (!change.conflict.empty() && !confirmed && !any_covers(choice_.overwrite, change))
      hold(index, Held::Why::conflict, change.conflict);
    else if (guarded.any() && !confirmed && !names(choice_.force, change) && !is_removed_folder(change))
      hold(index, Held::Why::guarded, first_reason(guarded));
    else
      taken_.insert(index);
  }

  // Everything in it went before, each by its own word.
  static bool is_removed_folder(const Change& change) {
    return change.kind == Kind::deleted && change.is_folder();
  }

  static std::string first_reason(const Guarded& guarded) {
    if (!guarded.protection.empty()) return guarded.protection;
    return guarded.escape.empty() ? guarded.special : guarded.escape;
  }

  bool hold_dependants() {
    const std::size_t before = held_.size();
    const std::vector<std::size_t> now(taken_.begin(), taken_.end());
    for (const std::size_t index : now) {
      const Change& change = set_.changes[index];
      if (change.kind == Kind::deleted) continue;
      const std::string missing = missing_ground(change);
      if (!missing.empty()) hold(index, Held::Why::depends, missing + " has to be applied with it");
    }
    hold_full_folders();
    return held_.size() != before;
  }

  // The path whose own change has to come with this one, or nothing. Folders on the way come by themselves.
  std::string missing_ground(const Change& change) {
    if (const auto old = deleted_.find(change.path); old != deleted_.end() && !taken_.contains(old->second))
      return change.path;
    for (std::string_view folder = parent_of(change.path); !folder.empty(); folder = parent_of(folder)) {
      const auto made = made_.find(folder);
      if (made == made_.end() || set_.changes[made->second].kind != Kind::added) continue;
      const Change& ground = set_.changes[made->second];
      if (taken_.contains(made->second)) continue;
      const auto old = deleted_.find(folder);
      if (!ground.conflict.empty() || !ground.guarded.special.empty() || !ground.is_folder() ||
          (old != deleted_.end() && !taken_.contains(old->second)))
        return ground.path;
      held_.erase(made->second);  // guarded, perhaps: an empty folder does nothing
      taken_.insert(made->second);
    }
    return {};
  }

  // A folder cannot go while something in it stays.
  void hold_full_folders() {
    std::set<std::string_view> staying;
    const auto stays = [&](std::string_view path) {
      for (std::string_view folder = parent_of(path); !folder.empty(); folder = parent_of(folder))
        if (!staying.insert(folder).second) return;
    };
    for (std::size_t i = 0; i < set_.changes.size(); ++i) {
      const Change& change = set_.changes[i];
      if (taken_.contains(i)) continue;
      if (change.kind == Kind::deleted) stays(change.path);
      if (change.kind == Kind::renamed) stays(change.old_path);
    }
    for (const LeftOut& left : set_.left_out) stays(left.path);
    const std::vector<std::size_t> now(taken_.begin(), taken_.end());
    for (const std::size_t index : now) {
      const Change& change = set_.changes[index];
      if (change.kind == Kind::deleted && change.is_folder() && staying.contains(change.path))
        hold(index, Held::Why::depends, "something in it stays");
    }
  }

  const ChangeSet& set_;
  const Choice& choice_;
  std::map<std::string_view, std::size_t> deleted_;
  std::map<std::string_view, std::size_t> made_;
  std::set<std::size_t> taken_;
  std::map<std::size_t, Held> held_;
};

}  // namespace

Selection select(const ChangeSet& set, const Choice& choice) { return Selector(set, choice).run(); }

std::vector<std::string> names_nothing(const ChangeSet& set, const Choice& choice) {
  std::vector<std::string> unknown;
  const auto look = [&](const std::vector<std::string>& list, const auto& means) {
    for (const std::string& path : list)
      if (std::ranges::none_of(set.changes, [&](const Change& change) { return means(path, change); }))
        unknown.push_back(path);
  };
  look(choice.paths, covers);
  look(choice.overwrite, covers);
  look(choice.force, [](const std::string& path, const Change& change) { return change.path == path; });
  return unknown;
}

std::optional<std::string> relative_path(std::string_view typed, std::string_view workspace) {
  if (typed.starts_with('/')) {
    if (!is_within(workspace, typed)) return std::nullopt;
    typed.remove_prefix(workspace.size());
  }
  std::string path;
  while (!typed.empty()) {
    const std::size_t slash = typed.find('/');
    const std::string_view segment = typed.substr(0, slash);
    typed = slash == std::string_view::npos ? std::string_view{} : typed.substr(slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") return std::nullopt;
    path = join(path, segment);
  }
  return path;
}

}  // namespace pawl::changes
