// pawl policy check, pawl policy explain.
#include "supervisor/policy/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <filesystem>
#include <memory>

#include "supervisor/policy/explain.hpp"
#include "tools/nearest.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 1024 * 1024;  // bytes
constexpr std::string_view kNames[] = {"approvals.toml", "people.toml", "secrets.toml", "pawl.toml"};

struct CheckOptions {
  std::string config;
  std::vector<std::string> files;
  bool json = false;
};
struct ExplainOptions {
  std::string config;
  std::string role;
  bool json = false;
};

// The name that a file has in a configuration directory.
Outcome<std::string> name_in_home(const std::string& path) {
  const fs::path file = fs::path(path).lexically_normal();
  std::string name = file.filename().string();
  if (std::ranges::find(kNames, name) != std::end(kNames)) return name;
  if (file.extension() == ".toml") return "roles/" + name;
  return tools::trouble(ExitCode::usage, path + " is no policy file",
                        "roles and the four lists end in .toml");
}

// The home's files, with the given ones in their place.
Outcome<std::vector<policy::SourceFile>> gather(const policy::Home& home,
                                                const std::vector<std::string>& paths) {
  std::vector<policy::SourceFile> files;
  for (const std::string& path : paths)
    files.push_back({TRY(name_in_home(path)), TRY(read_file(path, kMaxFile))});
  std::vector<std::string> names(std::begin(kNames), std::end(kNames));
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(home.config + "/roles", error))
    if (entry.path().extension() == ".toml") names.push_back("roles/" + entry.path().filename().string());
  for (const std::string& name : names) {
    if (std::ranges::find(files, name, &policy::SourceFile::name) != files.end()) continue;
    if (auto text = read_file(home.config + "/" + name, kMaxFile)) files.push_back({name, *std::move(text)});
  }
  return files;
}

boost::json::object json_of(const policy::Problem& problem) {
  return {{"file", problem.file},
          {"line", problem.line},
          {"column", problem.column},
          {"severity", problem.severity == policy::Severity::refusal ? "refusal" : "note"},
          {"message", problem.message},
          {"remedy", problem.remedy}};
}

Outcome<ExitCode> check(const CheckOptions& options) {
  const policy::Home home = TRY(find_home(options.config));
  const auto policy =
      options.files.empty() ? policy::load(home) : policy::build(home, TRY(gather(home, options.files)));
  const policy::Problems& problems = policy ? policy->notes : policy.error();
  const ExitCode code = policy ? ExitCode::done : ExitCode::invalid_policy;
  if (options.json) {
    boost::json::array array;
    for (const policy::Problem& problem : problems) array.push_back(json_of(problem));
    TRY(print_json(array));
    return code;
  }
  print_problems(problems);
  if (policy)
    TRY(print(fmt::format("{}: valid: {} roles, {} approval rules, {} people, {} secrets\n", home.config,
                          policy->roles.size(), policy->rules.size(), policy->people.size(),
                          policy->secrets.size())));
  return code;
}

Outcome<ExitCode> explain(const ExplainOptions& options) {
  const policy::Policy policy = TRY(load_policy(TRY(find_home(options.config))));
  const policy::Role* role = policy.find_role(options.role);
  if (role == nullptr) {
    std::vector<std::string_view> names;
    for (const policy::Role& known : policy.roles) names.push_back(known.name);
    return tools::trouble(
        ExitCode::failed,
        "there is no role '" + options.role + "'" + tools::did_you_mean(options.role, names),
        "roles stand in " + policy.home.config + "/roles");
  }
  if (options.json)
    TRY(print_json(policy::explain_json(policy, *role)));
  else
    TRY(print(policy::explain_text(policy, *role)));
  return ExitCode::done;
}

}  // namespace

Action declare_policy_check(Options& command) {
  auto options = std::make_shared<CheckOptions>();
  command.optional("--config", options->config,
                   "read this directory (default: the one that the broker reads)");
  command.optional("FILE", options->files, "check these files in the place of those of the same name");
  command.flag("--json", options->json, "the problems as one JSON array");
  return [options] { return check(*options); };
}

Action declare_policy_explain(Options& command) {
  auto options = std::make_shared<ExplainOptions>();
  command.required("--role", options->role, "which role");
  command.optional("--config", options->config,
                   "read this directory (default: the one that the broker reads)");
  command.flag("--json", options->json, "one JSON object");
  return [options] { return explain(*options); };
}

}  // namespace pawl::cli
