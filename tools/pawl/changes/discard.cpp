#include "tools/pawl/changes/discard.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "sandbox/base/descriptor_path.hpp"
#include "tools/pawl/changes/layer.hpp"

namespace pawl::changes {
namespace {

// The folder's permissions become the workspace's own again.
Result<> restore_mode(const Scene& scene, const Change& change) {
  const UniqueFd folder = open_within(scene.upper, change.path, O_PATH | O_DIRECTORY);
  if (!folder) return failed("open folder " + change.path);
  TRY(scene.steps.next("chmod"));
  if (::chmod(descriptor_path(folder.get()).c_str(), change.before->mode & kPermissions) != 0)
    return failed("set permissions");
  return {};
}

Result<> bring_back(const Layer& layer, const std::string& path) {
  TRY(layer.spell_out(path));
  return layer.drop_whiteout(path);
}

Result<> discard_one(const Scene& scene, const Layer& layer, const Change& change) {
  if (change.kind == Kind::deleted) return bring_back(layer, change.path);
  if (change.is_folder()) {
    if (change.kind == Kind::modified) return restore_mode(scene, change);
    return layer.spell_out(change.path + "/");
  }
  TRY(layer.spell_out(change.path));
  TRY(layer.drop(change.path));
  return change.kind == Kind::renamed ? bring_back(layer, change.old_path) : Result<>();
}

}  // namespace

Result<> discard(const Scene& scene, const ChangeSet& set, const std::vector<std::size_t>& taken) {
  const Layer layer(scene.session, scene.upper, scene.workspace, scene.steps);
  std::set<std::string> new_folders;
  std::set<std::string> folders;
  for (const std::size_t index : taken) {
    const Change& change = set.changes[index];
    TRY_DURING(change.path, discard_one(scene, layer, change));
    if (change.kind == Kind::added && change.is_folder()) new_folders.insert(change.path);
    for (std::string folder = change.path; !folder.empty(); folder = std::string(parent_of(folder)))
      folders.insert(folder);
  }
  std::vector<std::string> deepest_first(folders.begin(), folders.end());
  std::ranges::sort(deepest_first, sorts_before);
  std::ranges::reverse(deepest_first);
  for (const std::string& folder : deepest_first)
    TRY_DURING(folder, new_folders.contains(folder) ? layer.drop_folder(folder) : layer.prune(folder));
  return {};
}

}  // namespace pawl::changes
