// Takes single changes out of a session's upper layer so that the rest of it still means what it meant: a
// folder that hides all of the workspace's first becomes one that hides each by name. Runs in pawl-cli, as
// the person, on a layer that is mounted nowhere.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/steps.hpp"

namespace pawl::changes {

class Layer {
 public:
  Layer(const UniqueFd& session, const UniqueFd& upper, const UniqueFd& workspace, Steps& steps)
      : session_(session), upper_(upper), workspace_(workspace), steps_(steps) {}

  // The folders above `path` hide nothing by being opaque any more, nor by being a whiteout: whatever they
  // hid has a whiteout of its own.
  Result<> spell_out(const std::string& path) const;
  // A whiteout, or whatever else is no folder; nothing there is no error.
  Result<> drop(const std::string& path) const;
  Result<> drop_whiteout(const std::string& path) const;
  // The folder at `path`, where it says no more than that the workspace's own is as it is.
  Result<> prune(const std::string& path) const;
  // The folder at `path`, where nothing is left in it.
  Result<> drop_folder(const std::string& path) const;

 private:
  Result<> spell_out_folder(const std::string& path) const;
  Result<> spell_out_whiteout(const std::string& path) const;

  const UniqueFd& session_;
  const UniqueFd& upper_;
  const UniqueFd& workspace_;
  Steps& steps_;
};

}  // namespace pawl::changes
