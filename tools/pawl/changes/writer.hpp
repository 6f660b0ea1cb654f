// Does the operations of a journal in the workspace. Each has two parts: what can be prepared beside its
// place without being seen, and one rename that makes it so, after which what stood there before is looked at
// once more. Everything is reached by descriptors beneath the workspace, so that a symlink planted meanwhile
// leads nowhere. Runs in pawl-cli, as the person.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/journal.hpp"
#include "tools/pawl/changes/steps.hpp"

namespace pawl::changes {

struct Scene {
  const UniqueFd& session;  // the session's folder
  const UniqueFd& upper;
  const UniqueFd& workspace;
  Steps& steps;
};

class Writer {
 public:
  Writer(const Scene& scene, Journal& journal);

  // Prepares an operation; again after a crash. One that the host is in the way of is skipped, and says so;
  // an error is something that stops the whole.
  Result<> prepare(std::size_t index);
  // Undoes prepare(), also that of a process that crashed.
  Result<> take_back(std::size_t index);
  // After a crash, when all was prepared: finds out how far it came.
  Result<> resume(std::size_t index);
  // Makes it so, or skips it.
  Result<> commit(std::size_t index);
  // When everything is in them: the new folders that even their owner may not write to, or read.
  Result<> close_folders();
  // What was done so far is on disk: of the whole file system at once, because one fsync(2) for each file
  // takes minutes where there are ten thousands.
  Result<> sync();

  // Why operations were skipped, by index.
  const std::map<std::size_t, std::string>& skipped() const { return skipped_; }
  // Folders of the workspace in which something was changed.
  const std::set<std::string>& touched() const { return touched_; }

 private:
  struct Spot {  // where an operation takes place
    UniqueFd folder;
    std::string name;
    std::string temporary;
  };
  Result<std::optional<Spot>> spot_of(std::size_t index);
  Result<> skip(std::size_t index, std::string reason);
  Result<> done(std::size_t index);

  Result<> prepare_put(std::size_t index, const Spot& spot);
  Result<> prepare_link(std::size_t index, const Spot& spot);
  Result<> prepare_clear(std::size_t index, const Spot& spot);
  Result<> prepare_folder(std::size_t index, const Spot& spot);
  Result<> try_resume(std::size_t index);
  Result<> try_commit(std::size_t index);
  Result<> or_skip(std::size_t index, Result<> outcome);
  Result<> skip_meddled(std::size_t index, const Spot& spot);
  Result<> resume_put(std::size_t index, const Spot& spot);
  Result<> resume_clear(std::size_t index, const Spot& spot);
  Result<> commit_put(std::size_t index, const Spot& spot);
  Result<> commit_clear(std::size_t index, const Spot& spot);
  Result<> commit_mode(std::size_t index, const Spot& spot);
  Result<> swap(std::size_t index, const Spot& spot);
  Result<> discard_temporary(const Spot& spot);

  const Scene& scene_;
  Journal& journal_;
  std::map<std::size_t, std::string> skipped_;
  std::set<std::size_t> set_aside_;  // clears whose file stands under its temporary name
  std::set<std::size_t> made_;       // folders that prepare() made
  std::set<std::string> touched_;
  std::set<std::string> written_;  // paths of files and links that came in
  UniqueFd top_;                   // the workspace, as syncfs(2) needs it
};

}  // namespace pawl::changes
