// What of a session's changes is written: what the person chose, without what needs a word of its own and got
// none. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tools/pawl/changes/change.hpp"

namespace pawl::changes {

struct Choice {
  enum class Scope : std::uint8_t { paths, confirmed };
  Scope scope = Scope::paths;
  std::vector<std::string> paths;      // files, or folders with all in them; none: everything
  std::vector<std::string> overwrite;  // where the host changed something meanwhile; folders too
  std::vector<std::string> force;      // guarded changes, each by its own path
  // By index: shown to the person and agreed to, that one change and nothing that lies below it. In scope
  // `confirmed` they are all that is chosen, and the paths above mean nothing.
  std::set<std::size_t> confirmed;
};

struct Held {
  std::size_t index;
  enum class Why : std::uint8_t { never, guarded, conflict, depends } why;
  std::string reason;
};

struct Selection {
  std::vector<std::size_t> taken;  // ascending; folders that are needed on the way are among them
  std::vector<Held> held;          // chosen, and not written
};

Selection select(const ChangeSet& set, const Choice& choice);

// Of all that the choice names, what names no change at all.
std::vector<std::string> names_nothing(const ChangeSet& set, const Choice& choice);

// "./src//a/" as "src/a"; nothing for what climbs out of the workspace.
std::optional<std::string> relative_path(std::string_view typed, std::string_view workspace);

}  // namespace pawl::changes
