#include "supervisor/broker/places.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "supervisor/policy/text.hpp"

namespace pawl::broker {
namespace {

constexpr std::string_view kPrivateInHome[] = {".ssh",
                                               ".gnupg",
                                               ".aws",
                                               ".kube",
                                               ".password-store",
                                               ".config/pawl",
                                               ".local/state/pawl",
                                               ".local/share/pawl"};

// One spelling: passwd and $XDG_RUNTIME_DIR may hold "//", "." and a slash at the end.
std::string clean(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::optional<std::string> resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

void add_home(const std::string& written, policy::SessionContext& context) {
  const std::string home = clean(written);
  if (!policy::clean_absolute(home) || home == "/") return;
  context.homes.push_back(home);
  for (const std::string_view name : kPrivateInHome)
    context.private_directories.push_back(home + "/" + std::string(name));
}

// The fixed paths in a word: all of "/opt/run.sh", what follows '=' in "--file=/opt/x", and what stands
// before a parameter.
std::string path_in(const std::string& word) {
  const std::size_t from = word.starts_with('/') ? 0 : word.find("=/");
  if (from == std::string::npos) return "";
  const std::string path = word.substr(from == 0 ? 0 : from + 1);
  return clean(path.substr(0, path.find('{')));
}

}  // namespace

Result<> name_private_places(const wire::Paths& paths, std::uint32_t caller,
                             policy::SessionContext& context) {
  const std::string home = clean(TRY(wire::home_of(caller)));
  // What the home's path leads through is root's and lies outside of any workspace, or the launch is refused.
  context.person_home = resolved(home).value_or(home);
  context.private_directories = own_directories(paths);
  add_home(home, context);
  if (context.identity.uid == caller) return {};
  if (const auto taken = wire::home_of(context.identity.uid); taken) add_home(*taken, context);
  return {};
}

std::vector<std::string> own_directories(const wire::Paths& paths) {
  return {clean(paths.configuration), clean(paths.state), clean(paths.sockets),
          clean(paths.head.substr(0, paths.head.rfind('/')))};
}

Result<> keep_action_apart(const policy::Action& action, const std::string& workspace) {
  const auto check = [&](const std::string& path, const char* how) -> Result<> {
    const bool inside =
        policy::lies_within(path, workspace) || policy::lies_within(resolved(path).value_or(path), workspace);
    if (!inside) return {};
    return refuse("the workspace " + policy::quoted(workspace) + " holds " + policy::quoted(path) +
                      ", which action " + action.name + " " + how,
                  "choose another workspace, or keep what actions use elsewhere");
  };
  for (const std::vector<std::string>* words : {&action.run, &action.preview}) {
    if (words->empty()) continue;
    TRY(check(clean(words->front()), "runs"));
    for (std::size_t i = 1; i < words->size(); ++i)
      if (const std::string path = path_in((*words)[i]); !path.empty()) TRY(check(path, "is given"));
  }
  for (const std::string& path : action.read) TRY(check(path, "reads"));
  for (const std::string& path : action.write) TRY(check(path, "writes"));
  return {};
}

Result<> keep_actions_apart(const policy::Policy& policy, const std::string& workspace) {
  for (const policy::Role& role : policy.roles)
    for (const policy::Action& action : role.actions) TRY(keep_action_apart(action, workspace));
  return {};
}

}  // namespace pawl::broker
