#include "tools/pawl/changes/scan.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>

#include "tools/pawl/changes/content.hpp"
#include "tools/pawl/changes/guards.hpp"
#include "tools/pawl/changes/marks.hpp"
#include "tools/pawl/changes/renames.hpp"
#include "tools/pawl/changes/touched.hpp"
#include "tools/remove_tree.hpp"

namespace pawl::changes {
namespace {

constexpr char kChangedSince[] = "the host changed it since the session started";
constexpr char kMadeSince[] = "the host made it since the session started";
constexpr char kGone[] = "what it was copied from is gone from the host";
constexpr char kFolderGone[] = "its folder is gone from the host";
constexpr char kMounted[] = "another file system is mounted there";
constexpr char kBare[] = "git takes its folder for a repository and obeys the config and hooks in it";
constexpr char kGitfile[] = "it tells git which repository to use";
constexpr char kLeadsOn[] = "what it leads to would stand where protected files are looked for";

// A folder of the upper layer that is still to be looked at.
struct Visit {
  std::string path;
  enum class Below : std::uint8_t { nothing, merged, covered } below = Below::merged;
  FolderMarks::Opaque opaque = FolderMarks::Opaque::no;
  Guards::Position position;
  std::string conflict;  // of whatever is new in it
};

// A folder of the workspace that the session removed.
struct Removed {
  std::string path;
  Guards::Position position;
};

class Scanner {
 public:
  Scanner(const ScanInput& input, const ScanLimits& limits)
      : input_(input),
        limits_(limits),
        guards_(input.record.protect, input.record.hide),
        touched_(Touched::load(input.session)) {}

  Result<ChangeSet> run() {
    const FolderMarks marks = TRY(marks_of_folder(input_.session, "upper"));
    if (marks.opaque == FolderMarks::Opaque::yes)
      return refuse("the session's changes hide the whole workspace", "discard them");
    usual_ = TRY(look_at(input_.workspace)).mode;
    visits_.push_back({"", Visit::Below::merged, marks.opaque, guards_.top(), {}});
    while (!visits_.empty() || !removed_.empty()) {
      if (!removed_.empty()) {
        Removed next = std::move(removed_.back());
        removed_.pop_back();
        TRY(survive(next.path, expand(next)));
      } else {
        Visit next = std::move(visits_.back());
        visits_.pop_back();
        TRY(survive(next.path, visit(next)));
      }
    }
    sort(set_);
    pair_renames(set_, {input_.upper, input_.workspace, usual_, limits_.digested, limits_.least_renamed});
    if (unreported_ > 0)
      set_.left_out.push_back({"", "and " + std::to_string(unreported_) + " more are not listed"});
    return std::move(set_);
  }

 private:
  // What the kernel refuses here is left out and said; what pawl refuses ends the scan.
  Result<> survive(const std::string& path, Result<> outcome) {
    if (outcome) return {};
    if (outcome.error().errnum == 0)
      return std::unexpected(std::move(outcome).error().during(path.empty() ? "the changes" : path));
    leave_out(path, outcome.error().text());
    return {};
  }

  void leave_out(std::string path, std::string reason) {
    if (set_.left_out.size() < limits_.left_out)
      set_.left_out.push_back({std::move(path), std::move(reason)});
    else
      ++unreported_;
  }

  bool within_limits(const std::string& path) {
    if (path.size() > kMaxPath)
      leave_out(path, "its path is too long");
    else if (++seen_ > limits_.entries)
      leave_out(path, "there are too many changes");
    else
      return true;
    return false;
  }

  bool newer(std::int64_t time) const { return time >= input_.since; }
  // Writing a part of the session changes folders too.
  bool newer_folder(const std::string& path, const Node& node) const {
    return newer(node.changed) && !touched_.was_us(path, node);
  }
  bool made_since(const Node& node) const { return newer(node.born.value_or(node.changed)); }

  Result<> visit(Visit& here) {
    const UniqueFd upper = TRY(open_folder(input_.upper, here.path));
    UniqueFd lower;
    std::vector<std::string> lower_names;
    if (here.below != Visit::Below::nothing) {
      lower = TRY(open_folder(input_.workspace, here.path));
      lower_names = TRY(tools::list_folder(lower, limits_.entries));
    }
    const std::vector<std::string> names = TRY(tools::list_folder(upper, limits_.entries));
    judge_repository(here, names, lower_names);
    lower_changed_ = lower && newer_folder(here.path, TRY(look_at(lower)));
    for (const std::string& name : names) {
      const std::string path = join(here.path, name);
      if (within_limits(path)) TRY(survive(path, entry(here, upper, lower, name)));
    }
    if (here.below != Visit::Below::covered) return {};
    for (const std::string& name : lower_names) {
      if (std::ranges::binary_search(names, name)) continue;
      if (const auto node = TRY(look_in(lower, name)))
        deleted(join(here.path, name), *node, guards_.enter(here.position, name));
    }
    return {};
  }

  // Both layers' names count, also the removed ones: a person may choose some of the changes only.
  static void judge_repository(Visit& here, const std::vector<std::string>& names,
                               std::vector<std::string> lower_names) {
    lower_names.insert(lower_names.end(), names.begin(), names.end());
    if (here.position.reason.empty() && is_bare_repository(here.path, lower_names))
      here.position.reason = kBare;
  }

  Result<> entry(const Visit& folder, const UniqueFd& upper, const UniqueFd& lower, const std::string& name) {
    const std::string path = join(folder.path, name);
    const auto node = TRY(look_in(upper, name));
    if (!node) return {};  // a running session goes on
    std::optional<Node> below;
    if (lower) below = TRY(look_in(lower, name));
    if (below && below->mounted == Mounted::yes) {
      leave_out(path, kMounted);
      return {};
    }
    Guards::Position position = guards_.enter(folder.position, name);
    if (TRY(is_whiteout(folder, upper, name, *node))) {
      if (below) deleted(path, *below, std::move(position));
      return {};
    }
    if (node->type == Type::folder)
      return folder_entry(folder, upper, name, *node, below, std::move(position));
    return file_entry(folder, upper, lower, name, *node, below, position);
  }

  static Result<bool> is_whiteout(const Visit& folder, const UniqueFd& upper, const std::string& name,
                                  const Node& node) {
    if (is_device_whiteout(node)) return true;
    if (folder.opaque != FolderMarks::Opaque::whiteouts || node.type != Type::file || node.size != 0)
      return false;
    return TRY(marks_of_file(upper, name)).whiteout == FileMarks::Whiteout::yes;
  }

  Result<> folder_entry(const Visit& parent, const UniqueFd& upper, const std::string& name, const Node& node,
                        const std::optional<Node>& below, Guards::Position position) {
    const std::string path = join(parent.path, name);
    const FolderMarks marks = TRY_DURING(path, marks_of_folder(upper, name));
    Visit next{path, Visit::Below::nothing, marks.opaque, std::move(position), {}};
    Change change{.path = path, .before = below, .after = node};
    change.guarded.protection = next.position.reason;
    change.guarded.special = permissions_reason(node, below, usual_);
    if (below && below->type == Type::folder) {
      const bool covered = parent.below == Visit::Below::covered || marks.opaque == FolderMarks::Opaque::yes;
      next.below = covered ? Visit::Below::covered : Visit::Below::merged;
      if (((node.mode ^ below->mode) & kPermissions) != 0) {
        change.kind = Kind::modified;
        change.content = Change::Content::same;
        if (newer_folder(path, *below)) change.conflict = kChangedSince;
        set_.changes.push_back(std::move(change));
      }
    } else {
      if (below) deleted(path, *below, next.position);
      change.before.reset();
      change.conflict = conflict_of_new(parent, below, marks.origin == FolderMarks::Origin::copied_up);
      if (!change.conflict.empty()) next.conflict = kFolderGone;
      set_.changes.push_back(std::move(change));
    }
    visits_.push_back(std::move(next));
    return {};
  }

  // Something that the workspace does not have: it never had it, or the host removed it meanwhile.
  std::string conflict_of_new(const Visit& parent, const std::optional<Node>& below, bool copied_up) const {
    if (!parent.conflict.empty()) return parent.conflict;
    if (below) return newer(below->changed) ? kChangedSince : "";
    // A file that was edited and then moved carries the mark too; nothing went from a folder that is as it
    // was.
    return copied_up && lower_changed_ ? kGone : "";
  }

  Result<> file_entry(const Visit& parent, const UniqueFd& upper, const UniqueFd& lower,
                      const std::string& name, const Node& node, const std::optional<Node>& below,
                      const Guards::Position& position) {
    Change change{.path = join(parent.path, name), .before = below, .after = node};
    change.guarded.protection = position.reason;
    bool copied_up = false;
    if (node.type == Type::file) {
      const auto marks = marks_of_file(upper, name);
      if (marks)
        copied_up = marks->origin == FileMarks::Origin::copied_up;
      else if (marks.error().errnum == EACCES)
        never(change, "its permissions do not let even its owner read it");
      else
        return std::unexpected(marks.error());
      if (change.writable == Writable::yes) change.guarded.special = permissions_reason(node, below, usual_);
    } else if (node.type == Type::symlink) {
      change.target = TRY(read_link(upper, name));
      if (leads_out(change.path, change.target))
        change.guarded.escape = "the link leads out of the workspace";
    } else {
      never(change, "a " + std::string(word(node.type)) + " is never written");
    }
    if (is_git_name(name) && change.guarded.protection.empty()) change.guarded.protection = kGitfile;
    if (node.type == Type::symlink && change.guarded.protection.empty() && guards_.may_lead_on(position))
      change.guarded.protection = kLeadsOn;
    if (below && below->type == Type::folder) deleted(change.path, *below, position);
    if (!below || below->type == Type::folder) {
      change.before.reset();
      change.conflict = conflict_of_new(parent, below, copied_up);
    } else {
      change.kind = Kind::modified;
      if (newer(below->changed)) change.conflict = kChangedSince;
      if (!TRY(compare(change, lower, name))) return {};
    }
    set_.changes.push_back(std::move(change));
    return {};
  }

  static void never(Change& change, std::string reason) {
    change.writable = Writable::never;
    change.guarded.special = std::move(reason);
  }

  bool leads_out(const std::string& path, const std::string& target) const {
    if (may_escape(path, target)) return true;
    // The person's own links lie on the way, perhaps to elsewhere: the kernel resolves them.
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const std::string whole = join(parent_of(path), target);
    const UniqueFd place(
        static_cast<int>(::syscall(SYS_openat2, input_.workspace.get(), whole.c_str(), &how, sizeof(how))));
    return !place && errno != ENOENT && errno != ENOTDIR;
  }

  // Whether there is anything to it.
  Result<bool> compare(Change& change, const UniqueFd& lower, const std::string& name) {
    const Node& before = *change.before;
    const Node& after = *change.after;
    if (before.type == Type::symlink) change.old_target = TRY(read_link(lower, name));
    if (before.type != after.type) return true;
    if (after.type == Type::symlink) return change.target != change.old_target;
    if (after.type != Type::file) return before.device_number != after.device_number;
    if (change.writable == Writable::yes && TRY(same_files(change.path, before, after)))
      change.content = Change::Content::same;
    return change.content == Change::Content::differs || ((before.mode ^ after.mode) & kPermissions) != 0;
  }

  Result<bool> same_files(const std::string& path, const Node& before, const Node& after) {
    if (before.size != after.size) return false;
    if (after.size > limits_.compared - compared_) return false;
    compared_ += after.size;
    const UniqueFd one = TRY(open_file(input_.upper, path));
    const auto other = open_file(input_.workspace, path);
    return other && TRY(same_content(one, *other));
  }

  void deleted(const std::string& path, const Node& node, Guards::Position position) {
    if (node.mounted == Mounted::yes) return leave_out(path, kMounted);
    if (!within_limits(path)) return;
    Change change{.kind = Kind::deleted, .path = path, .before = node};
    change.guarded.protection = position.reason;
    if (node.type == Type::folder) {
      if (made_since(node)) change.conflict = kMadeSince;
      removed_.push_back({path, std::move(position)});
    } else {
      if (newer(node.changed)) change.conflict = kChangedSince;
      if (node.type == Type::symlink)
        change.old_target = read_link_within(input_.workspace, path).value_or("");
    }
    set_.changes.push_back(std::move(change));
  }

  Result<> expand(const Removed& folder) {
    const UniqueFd lower = TRY(open_folder(input_.workspace, folder.path));
    for (const std::string& name : TRY(tools::list_folder(lower, limits_.entries)))
      if (const auto node = TRY(look_in(lower, name)))
        deleted(join(folder.path, name), *node, guards_.enter(folder.position, name));
    return {};
  }

  const ScanInput& input_;
  const ScanLimits limits_;
  const Guards guards_;
  const Touched touched_;
  ChangeSet set_;
  std::vector<Visit> visits_;
  std::vector<Removed> removed_;
  std::size_t seen_ = 0;
  std::size_t unreported_ = 0;
  std::uint64_t compared_ = 0;
  std::uint32_t usual_ = 0;     // permissions of the workspace itself
  bool lower_changed_ = false;  // the workspace's folder of the visit
};

}  // namespace

Result<ChangeSet> scan(const ScanInput& input, const ScanLimits& limits) {
  return Scanner(input, limits).run();
}

}  // namespace pawl::changes
