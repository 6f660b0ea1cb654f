#include "tools/pawl/changes/renames.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "tools/pawl/changes/content.hpp"
#include "tools/pawl/changes/guards.hpp"

namespace pawl::changes {
namespace {

bool lies_in_git(std::string_view path) {
  while (!path.empty()) {
    if (is_git_name(name_of(path))) return true;
    path = parent_of(path);
  }
  return false;
}

bool is_candidate(const Change& change, std::size_t least) {
  const auto& node = change.kind == Kind::added ? change.after : change.before;
  return (change.kind == Kind::added || change.kind == Kind::deleted) && node && node->type == Type::file &&
         node->size >= least && change.writable == Writable::yes && !lies_in_git(change.path);
}

class Pairing {
 public:
  Pairing(ChangeSet& set, const RenameSearch& search) : set_(set), search_(search) {}

  void run() {
    std::set<std::uint64_t> sizes;  // that both an added and a deleted file have
    std::set<std::uint64_t> deleted;
    for (const Change& change : set_.changes)
      if (change.kind == Kind::deleted && is_candidate(change, search_.least_renamed))
        deleted.insert(change.before->size);
    for (const Change& change : set_.changes)
      if (change.kind == Kind::added && is_candidate(change, search_.least_renamed) &&
          deleted.contains(change.after->size))
        sizes.insert(change.after->size);
    for (std::size_t i = 0; i < set_.changes.size(); ++i) hash(i, sizes);
    for (const auto& [digest, added] : added_) pair(added, deleted_[digest]);
    std::size_t index = 0;
    std::erase_if(set_.changes, [&](const Change&) { return spent_.contains(index++); });
  }

 private:
  void hash(std::size_t index, const std::set<std::uint64_t>& sizes) {
    Change& change = set_.changes[index];
    if (!is_candidate(change, search_.least_renamed)) return;
    const bool added = change.kind == Kind::added;
    const std::uint64_t size = added ? change.after->size : change.before->size;
    if (!sizes.contains(size) || size > search_.digested - hashed_) return;
    hashed_ += size;
    const auto file = open_file(added ? search_.upper : search_.workspace, change.path);
    if (!file) return;  // it stays what it is; whoever writes it will say why it cannot be read
    const auto digest = digest_of(*file);
    if (!digest) return;
    (added ? change.digest : change.old_digest) = *digest;
    (added ? added_ : deleted_)[*digest].push_back(index);
  }

  // The same name first. Each list is walked once: an agent may leave a million equal files.
  void pair(const std::vector<std::size_t>& added, const std::vector<std::size_t>& deleted) {
    std::multimap<std::string_view, std::size_t> by_name;
    for (const std::size_t from : deleted) by_name.emplace(name_of(set_.changes[from].path), from);
    std::vector<std::size_t> left;
    for (const std::size_t to : added) {
      const auto from = by_name.find(name_of(set_.changes[to].path));
      if (from == by_name.end()) {
        left.push_back(to);
        continue;
      }
      merge(set_.changes[to], set_.changes[from->second], from->second);
      by_name.erase(from);
    }
    auto from = deleted.begin();
    for (const std::size_t to : left) {
      while (from != deleted.end() && spent_.contains(*from)) ++from;
      if (from == deleted.end()) return;
      merge(set_.changes[to], set_.changes[*from], *from);
    }
  }

  void merge(Change& to, const Change& from, std::size_t index) {
    to.kind = Kind::renamed;
    to.old_path = from.path;
    to.before = from.before;
    to.old_digest = from.old_digest;
    to.content = Change::Content::same;
    if (to.guarded.protection.empty()) to.guarded.protection = from.guarded.protection;
    to.guarded.special = permissions_reason(*to.after, to.before, search_.usual);
    if (to.conflict.empty()) to.conflict = from.conflict;
    spent_.insert(index);
  }

  ChangeSet& set_;
  const RenameSearch& search_;
  std::uint64_t hashed_ = 0;
  std::map<Digest, std::vector<std::size_t>> added_;
  std::map<Digest, std::vector<std::size_t>> deleted_;
  std::set<std::size_t> spent_;
};

}  // namespace

void pair_renames(ChangeSet& set, const RenameSearch& search) { Pairing(set, search).run(); }

}  // namespace pawl::changes
