// A session's kept changes as the verbs see them. Runs in pawl-cli, as the person.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/pawl/changes/apply.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/place.hpp"
#include "tools/pawl/changes/selection.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

class KeptSession {
 public:
  // `id`: whole, or a unique prefix. `moved_to`: where the person says that the workspace is now.
  static tools::Outcome<KeptSession> open(const std::string& id, changes::Purpose purpose,
                                          const std::string& moved_to);

  const std::string& id() const { return kept_.folder.id; }
  const changes::Record& record() const { return kept_.record; }
  bool runs() const { return kept_.folder.holder == changes::Holder::somebody; }
  const UniqueFd& upper() const { return kept_.upper; }
  const UniqueFd& workspace() const { return workspace_; }
  changes::Scene scene() const;
  tools::Outcome<bool> unfinished() const;

  tools::Outcome<> refuse_running() const;
  // Finishes an interrupted apply and says so.
  tools::Outcome<> finish_interrupted() const;

  tools::Outcome<changes::ChangeSet> scan() const;
  // The folder of the session goes, with whatever is in it.
  tools::Outcome<> forget() const;

  // As typed, relative to the workspace; refuses what names no change.
  tools::Outcome<changes::Choice> resolve(const changes::ChangeSet& set, changes::Choice typed) const;

 private:
  KeptSession(changes::Place place, changes::Kept kept, UniqueFd workspace)
      : place_(std::move(place)), kept_(std::move(kept)), workspace_(std::move(workspace)) {}

  changes::Place place_;
  changes::Kept kept_;
  UniqueFd workspace_;
};

// The workspace is not looked for: for throwing all away.
tools::Outcome<> forget_session(const std::string& id);

tools::Outcome<changes::Place> open_place();

// "pawl diff 3f2a…, pawl apply 3f2a…, pawl discard 3f2a…", for a list or a farewell.
std::string what_next(const std::string& id);

}  // namespace pawl::cli
