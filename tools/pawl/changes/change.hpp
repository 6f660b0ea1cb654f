// One difference between what a session left behind and the person's workspace. Pure data; its names and
// targets are the agent's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {

enum class Kind : std::uint8_t { added, modified, deleted, renamed };
std::string_view word(Kind kind);

// Why a change is not written unless the person names it on its own. More than one may hold.
struct Guarded {
  std::string protection;  // what it could make the host do, or that the agent did not see it
  std::string escape;      // a symlink that leads out of the workspace
  std::string special;     // whom its permissions let in; or what is never written: see Change::writable
  bool any() const { return !protection.empty() || !escape.empty() || !special.empty(); }
};

enum class Writable : std::uint8_t { yes, never };  // never: devices, fifos, sockets, what cannot be read

struct Change {
  Kind kind = Kind::added;
  std::string path;            // relative to the workspace
  std::string old_path;        // renamed: from where
  std::optional<Node> before;  // in the workspace
  std::optional<Node> after;   // in the session's upper layer
  std::string old_target;      // of symlinks
  std::string target;
  std::optional<Digest> old_digest;  // of files, where it was computed
  std::optional<Digest> digest;
  enum class Content : std::uint8_t { same, differs } content = Content::differs;  // modified
  Guarded guarded;
  Writable writable = Writable::yes;
  std::string conflict;  // what the host did to it meanwhile; empty: nothing

  bool is_folder() const {
    const std::optional<Node>& node = after ? after : before;
    return node && node->type == Type::folder;
  }
};

// What a walk did not look at, or could not: never applied.
struct LeftOut {
  std::string path;
  std::string reason;
};

struct ChangeSet {
  std::vector<Change> changes;  // sorted by path; a deletion before an addition of the same path
  std::vector<LeftOut> left_out;
  bool empty() const { return changes.empty() && left_out.empty(); }
};

// Whether the person's word for a path means this change: the path itself, or a folder above it.
bool covers(std::string_view chosen, const Change& change);
// `path` is `folder` or lies below it; "" is above everything.
bool is_within(std::string_view folder, std::string_view path);

// As if '/' came before every other character: what lies in a folder follows it directly.
bool sorts_before(std::string_view one, std::string_view other);
void sort(ChangeSet& set);

// Files as people count them; folders count where nothing in them does.
struct Counts {
  std::size_t added = 0, modified = 0, deleted = 0, renamed = 0;
  std::size_t conflicts = 0, guarded = 0;
  std::size_t all() const { return added + modified + deleted + renamed; }
};
Counts count(const ChangeSet& set);
// A folder's own line says nothing that the changes in it do not say.
bool goes_without_saying(const ChangeSet& set, std::size_t index);

}  // namespace pawl::changes
