#include "supervisor/broker/unchanged.hpp"

#include <algorithm>

#include "supervisor/policy/secret_store.hpp"

namespace pawl::broker {
namespace {

// SAFETY: of the host it can change exactly what the document says, and it reads what the document says.
bool same_mounts(const sandbox::LaunchPlan& plan, const receipt::ActionDocument& document,
                 std::vector<std::string> wanted) {
  std::vector<std::string> writable;
  for (const sandbox::Mount& mount : plan.mounts)
    if (mount.kind == sandbox::MountKind::writable) writable.push_back(mount.target);
  const auto mounted = [&](const std::string& path) {
    return std::ranges::any_of(plan.mounts, [&](const sandbox::Mount& mount) {
      return sandbox::is_bind(mount.kind) && mount.target == path;
    });
  };
  std::ranges::sort(writable);
  std::ranges::sort(wanted);
  return writable == wanted && std::ranges::all_of(document.read, mounted) &&
         std::ranges::all_of(document.write, mounted);
}

bool same_environment(const sandbox::LaunchPlan& plan, const receipt::ActionDocument& document) {
  bool same = plan.environment.size() == document.environment.size();
  for (std::size_t i = 0; same && i < plan.environment.size(); ++i)
    same = plan.environment[i] == document.environment[i].name + "=" + document.environment[i].value;
  return same;
}

}  // namespace

std::vector<policy::CheckedParameter> files_of(const receipt::ActionDocument& document) {
  std::vector<policy::CheckedParameter> files;
  for (const auto& input : document.inputs)
    files.push_back({input.parameter, policy::ParameterKind::file, input.name});
  return files;
}

Result<std::vector<UniqueFd>> open_inputs(const receipt::ActionDocument& document,
                                          const ledger::BlobStore& blobs) {
  std::vector<UniqueFd> files;
  for (const auto& input : document.inputs)
    files.push_back(std::move(TRY_DURING("input " + input.parameter, blobs.open_blob(input.sha256)).file));
  return files;
}

Result<PinnedExecutable> same_executable(const receipt::ActionDocument::Executable& executable, uid_t owner) {
  PinnedExecutable found = TRY(pin_executable(executable.path, owner));
  if (found.path != executable.path || found.sha256 != executable.sha256)
    return refuse("the program " + executable.path + " was changed after the request", "ask again");
  return found;
}

Result<std::vector<NamedSecret>> same_secrets(const std::vector<receipt::ActionDocument::Secret>& list,
                                              const policy::Policy& policy) {
  std::vector<NamedSecret> secrets;
  for (const auto& wanted : list) {
    const policy::Secret* const secret = policy.find_secret(wanted.name);
    if (secret == nullptr) return refuse("the secret " + wanted.name + " is not in secrets.toml any more");
    policy::SecretMaterial material = TRY(policy::read_secret(policy.home, *secret));
    if (material.version != wanted.version)
      return refuse("the secret " + wanted.name + " was changed after the request", "ask again");
    secrets.push_back({wanted.environment, wanted.name, std::move(material.value)});
  }
  return secrets;
}

// The plan is made anew from the policy; what people approved is the document, so the two must say the same.
Result<> same_plan(const sandbox::LaunchPlan& plan, const policy::Action& action,
                   const receipt::ActionDocument& document) {
  const bool same = action.read == document.read && action.write == document.write &&
                    same_mounts(plan, document, document.write) && plan.argv == document.argv &&
                    plan.directory == document.directory && plan.wall_time == document.timeout &&
                    same_environment(plan, document);
  if (!same) return refuse("the policy would run something else than what was approved", "ask again");
  return {};
}

// SAFETY: nobody has approved it, so of the host it can change nothing at all.
Result<> same_preview_plan(const sandbox::LaunchPlan& plan, const receipt::ActionDocument& document) {
  const receipt::ActionDocument::Preview& preview = *document.preview;
  const bool same = same_mounts(plan, document, {}) && plan.argv == preview.argv &&
                    plan.directory == document.directory && plan.wall_time == preview.timeout &&
                    same_environment(plan, document);
  if (!same) return refuse("the policy would preview something else than what was asked", "ask again");
  return {};
}

}  // namespace pawl::broker
