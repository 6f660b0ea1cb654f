// What in a workspace makes the host execute things, by its position and by its content: such changes are
// written only where a person names each. Pure; the names and targets are the agent's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/glob.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {

// The role's patterns, pawl's own (supervisor/policy/protections.hpp), and what else only matters here. Names
// are compared without regard to case: a workspace may lie on a file system that does the same.
class Guards {
 public:
  Guards(const std::vector<std::string>& protect, const std::vector<std::string>& hide);

  // How far down a tree the patterns have been followed.
  struct Position {
    sandbox::PatternSet::State protect;
    sandbox::PatternSet::State hide;
    std::string reason;  // of this path or of a folder above it; empty: it is not protected
  };
  Position top() const;
  Position enter(const Position& folder, std::string_view name) const;
  // Whether a protected or hidden path may lead on from here: a symlink would bring one along.
  bool may_lead_on(const Position& here) const;

 private:
  struct Pattern {
    std::string text;
    std::string reason;
  };
  static std::vector<Pattern> all_patterns(const std::vector<std::string>& protect);

  std::vector<Pattern> patterns_;
  sandbox::PatternSet protect_;
  sandbox::PatternSet hide_;
};

// Why what a file or folder lets others do needs a word of its own; empty: it does not. `usual`: what the
// workspace's own folder lets them do anyway.
std::string permissions_reason(const Node& after, const std::optional<Node>& before, std::uint32_t usual);

// Whether git takes a folder that holds these names for a repository (setup.c, is_git_directory): it would
// then obey the config and the hooks in it. `path` matters because inside of a .git folder the patterns tell
// code from data.
bool is_bare_repository(std::string_view path, const std::vector<std::string>& names);

// A .git that is no folder names the repository that git is to use.
bool is_git_name(std::string_view name);

// Whether a symlink at `path` with this target may lead out of the workspace. Stricter than resolving it: a
// target that climbs after it went down is refused, because a folder on the way may be a symlink too.
bool may_escape(std::string_view path, std::string_view target);

}  // namespace pawl::changes
