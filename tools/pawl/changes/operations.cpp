#include "tools/pawl/changes/operations.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pawl::changes {
namespace {

using Step = Operation::Step;

class Compiler {
 public:
  Compiler(const ChangeSet& set, const std::vector<std::size_t>& taken) : set_(set), taken_(taken) {
    for (const std::size_t index : taken) {
      const Change& change = set.changes[index];
      if (change.kind == Kind::deleted) removed_[change.path] = &change;
      if (change.kind == Kind::added && change.is_folder()) new_folders_.insert(change.path);
    }
  }

  std::vector<Operation> run() {
    for (const std::size_t index : taken_) sort_in(set_.changes[index]);
    std::vector<Operation> all = std::move(in_the_way_);
    const auto append = [&all](auto from, auto to) { all.insert(all.end(), from, to); };
    append(folders_.begin(), folders_.end());
    append(puts_.begin(), puts_.end());
    // Backwards, what lies in a folder comes before it.
    std::ranges::stable_sort(clears_, sorts_before, &Operation::path);
    append(clears_.rbegin(), clears_.rend());
    append(late_puts_.begin(), late_puts_.end());
    append(modes_.rbegin(), modes_.rend());
    return all;
  }

 private:
  void sort_in(const Change& change) {
    if (change.kind == Kind::deleted) return clear(change.path, *change.before, {});
    if (change.kind == Kind::renamed) clear(change.old_path, *change.before, change.path);
    const Node& after = *change.after;
    const std::uint32_t mode = after.mode & kPermissions;
    const bool in_place = change.kind == Kind::modified;
    std::optional<Mark> expected;
    if (in_place) expected = Mark::of(*change.before);
    // Permissions belong to a file, under all of its names, and only this one was shown.
    const bool many_names = in_place && after.type == Type::file && change.before->links > 1;
    if (in_place && change.content == Change::Content::same && !many_names) {
      modes_.push_back({.step = Step::set_mode, .path = change.path, .mode = mode, .expected = expected});
    } else if (after.type == Type::folder) {
      folders_.push_back({.step = Step::make_folder, .path = change.path, .mode = mode});
    } else if (after.type == Type::symlink) {
      puts_for(change.path)
          .push_back(
              {.step = Step::put_link, .path = change.path, .target = change.target, .expected = expected});
    } else {
      puts_for(change.path)
          .push_back({.step = Step::put_file,
                      .path = change.path,
                      .mode = mode,
                      .expected = expected,
                      .source = Mark::of(after)});
    }
  }

  void clear(const std::string& path, const Node& node, std::string only_after) {
    const bool folder = node.type == Type::folder;
    Operation operation{.step = folder ? Step::clear_folder : Step::clear, .path = path};
    operation.expected = Mark::of(node);
    operation.in_the_way = !folder && new_folders_.contains(path);
    if (!operation.in_the_way) operation.only_after = std::move(only_after);
    (operation.in_the_way ? in_the_way_ : clears_).push_back(std::move(operation));
  }

  // What takes the place of a folder waits until that is gone.
  std::vector<Operation>& puts_for(const std::string& path) {
    return removed_.contains(path) ? late_puts_ : puts_;
  }

  const ChangeSet& set_;
  const std::vector<std::size_t>& taken_;
  std::map<std::string_view, const Change*> removed_;
  std::set<std::string_view> new_folders_;
  std::vector<Operation> in_the_way_, folders_, puts_, clears_, late_puts_, modes_;
};

}  // namespace

std::vector<Operation> operations(const ChangeSet& set, const std::vector<std::size_t>& taken) {
  return Compiler(set, taken).run();
}

}  // namespace pawl::changes
