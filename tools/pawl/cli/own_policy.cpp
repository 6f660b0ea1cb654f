#include "tools/pawl/cli/own_policy.hpp"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "supervisor/receipt/render.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/cli/output.hpp"

namespace pawl::cli {
namespace {

constexpr char kBrokerUser[] = "pawl";

// Who besides root may own the system's files.
uid_t system_owner() {
  const passwd* user = ::getpwnam(kBrokerUser);
  return user != nullptr ? user->pw_uid : 0;
}

}  // namespace

tools::Outcome<policy::Home> find_home(const std::string& directory) {
  const wire::Paths paths = TRY(wire::client_paths());
  std::string config = paths.configuration;
  if (!directory.empty()) {
    std::error_code error;
    config = std::filesystem::absolute(directory, error).lexically_normal();
    if (config.size() > 1 && config.ends_with('/')) config.pop_back();
    if (error || !std::filesystem::is_directory(config, error))
      return tools::trouble(tools::ExitCode::usage, directory + " is not a directory",
                            "name a configuration directory");
  }
  if (config == wire::system_paths().configuration)
    return policy::Home{policy::HomeKind::system, config, system_owner()};
  return policy::Home{policy::HomeKind::embedded, config, ::getuid()};
}

void print_problems(const policy::Problems& problems) {
  for (const policy::Problem& problem : problems) print_error(receipt::visible(problem.text()));
}

tools::Outcome<policy::Policy> load_policy(const policy::Home& home) {
  auto policy = policy::load(home);
  if (policy) return *std::move(policy);
  print_problems(policy.error());
  return tools::trouble(tools::ExitCode::invalid_policy, "the policy in " + home.config + " is not valid",
                        "mend what is listed above, then: pawl policy check");
}

}  // namespace pawl::cli
