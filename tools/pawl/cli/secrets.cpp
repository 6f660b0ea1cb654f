// pawl secrets check: whether the sources are there. Values are never read.
#include <boost/json/array.hpp>
#include <memory>

#include "supervisor/policy/secret_store.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

struct CheckOptions {
  std::string config;
  bool json = false;
};

struct Finding {
  const policy::Secret* secret;
  std::string problem;  // empty: it is there
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& item : words) text += (text.empty() ? "" : " ") + item;
  return text;
}

std::string floor_of(const policy::Secret& secret) { return secret.floored() ? secret.require : "none"; }

boost::json::array strings(const std::vector<std::string>& list) {
  boost::json::array array;
  for (const std::string& item : list) array.push_back(boost::json::string(item));
  return array;
}

boost::json::object json_of(const Finding& finding) {
  const policy::Secret& secret = *finding.secret;
  return {{"name", secret.name},
          {"source", secret.source == policy::SecretSource::file ? "file" : "credential"},
          {"location", secret.location},
          {"roles", strings(secret.roles)},
          {"uses", strings(secret.uses)},
          {"require", floor_of(secret)},
          {"present", finding.problem.empty()},
          {"problem", finding.problem}};
}

std::string finding_table(const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows{{"SECRET", "SOURCE", "FLOOR", "ROLES", "USES", "STATE"}};
  for (const auto& [secret, problem] : findings) {
    const std::string kind = secret->source == policy::SecretSource::file ? "file " : "credential ";
    rows.push_back({secret->name, kind + secret->location, floor_of(*secret), joined(secret->roles),
                    joined(secret->uses), problem.empty() ? "there" : problem});
  }
  return findings.empty() ? "secrets.toml names no secret\n" : table(rows);
}

Outcome<ExitCode> check(const CheckOptions& options) {
  const policy::Policy policy = TRY(load_policy(TRY(find_home(options.config))));
  std::vector<Finding> findings;
  ExitCode code = ExitCode::done;
  for (const policy::Secret& secret : policy.secrets) {
    const auto version = policy::secret_version(policy.home, secret);
    findings.push_back({&secret, version ? "" : version.error().text()});
    if (!version) code = ExitCode::failed;
  }
  if (options.json) {
    boost::json::array array;
    for (const Finding& finding : findings) array.push_back(json_of(finding));
    TRY(print_json(array));
  } else {
    TRY(print(finding_table(findings)));
  }
  return code;
}

}  // namespace

Action declare_secrets_check(Options& command) {
  auto options = std::make_shared<CheckOptions>();
  command.optional("--config", options->config,
                   "read this directory (default: the one that the broker reads)");
  command.flag("--json", options->json, "one JSON array");
  return [options] { return check(*options); };
}

}  // namespace pawl::cli
