#include "supervisor/policy/policy.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "supervisor/policy/check.hpp"
#include "supervisor/policy/read_lists.hpp"
#include "supervisor/policy/read_role.hpp"
#include "supervisor/policy/text.hpp"
#include "supervisor/policy/trusted_file.hpp"

namespace pawl::policy {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;  // bytes of one policy file
constexpr std::size_t kMaxRoles = 1000;
constexpr std::string_view kRolesFolder = "roles/";
constexpr std::string_view kSuffix = ".toml";

template <class List>
auto find_named(const List& list, std::string_view name) -> const typename List::value_type* {
  const auto found = std::ranges::find(list, name, &List::value_type::name);
  return found != list.end() ? &*found : nullptr;
}

bool refused(const Problems& problems) {
  return std::ranges::any_of(problems,
                             [](const Problem& problem) { return problem.severity == Severity::refusal; });
}

Problems in_order(Problems problems) {
  std::ranges::stable_sort(problems, [](const Problem& left, const Problem& right) {
    return std::tie(left.file, left.line, left.column) < std::tie(right.file, right.line, right.column);
  });
  return problems;
}

// nullopt: a syntax error, reported. Every name in such a file is then unknown, and complaints about that
// would only hide the error, so no check across files follows.
std::optional<Node> document_of(const SourceFile& file, Findings& findings) {
  auto document = parse_document(file.name, file.text);
  if (document) return *std::move(document);
  findings.problems.push_back(std::move(document).error());
  findings.unreadable = true;
  return std::nullopt;
}

void read_installed_role(const SourceFile& file, const Node& document, Policy& policy, Findings& findings) {
  Role role = read_role(file.name, document, findings);
  const std::string expected =
      file.name.substr(kRolesFolder.size(), file.name.size() - kRolesFolder.size() - kSuffix.size());
  if (!role.name.empty() && role.name != expected)
    findings.refuse_at(file.name, "name", "role '" + role.name + "' stands in a file of another name",
                       "rename the file to " + role.name + ".toml, or the role to " + quoted(expected));
  policy.roles.push_back(std::move(role));
}

bool is_role_file(const SourceFile& file) {
  return file.name.starts_with(kRolesFolder) && file.name.ends_with(kSuffix) &&
         file.name.size() > kRolesFolder.size() + kSuffix.size();
}

void read_file(const SourceFile& file, Policy& policy, Findings& findings) {
  const auto document = document_of(file, findings);
  if (!document) return;
  if (is_role_file(file)) {
    read_installed_role(file, *document, policy, findings);
  } else if (file.name == kApprovalsFile) {
    policy.rules = read_rules(*document, findings);
  } else if (file.name == kPeopleFile) {
    policy.people = read_people(*document, findings);
  } else if (file.name == kSecretsFile) {
    policy.secrets = read_secrets(*document, findings);
  } else if (file.name == kSettingsFile) {
    policy.settings = read_settings(*document, policy.home.kind, findings);
  } else {
    findings.refuse(file.name, {}, "not a policy file", "policies/KEYS.md lists them");
  }
}

struct ReadFiles {
  std::vector<SourceFile> files;
  Problems problems;

  void complain(std::string name, Error error) {
    std::string message = Error{error.errnum, error.trail, {}}.text();
    problems.push_back(
        {.file = std::move(name), .message = std::move(message), .remedy = std::move(error.remedy)});
  }
};

void read_one(int directory, const std::string& name, const std::string& shown, Trust trust, ReadFiles& out) {
  auto text = read_trusted_file(directory, name, trust, kMaxFile);
  if (text) {
    out.files.push_back({shown, *std::move(text)});
  } else if (text.error().errnum == ENOENT) {
    if (shown == kSettingsFile)
      out.problems.push_back({.file = shown,
                              .message = "there is no pawl.toml",
                              .remedy = "pawl init writes a working set of files"});
  } else {
    out.complain(shown, std::move(text).error());
  }
}

Result<> read_role_files(int config, Trust trust, ReadFiles& out) {
  auto roles = open_trusted_subdirectory(config, "roles", trust);
  if (!roles && roles.error().errnum == ENOENT) return {};
  if (!roles) return std::unexpected(std::move(roles).error());
  const auto names = TRY(list_directory(roles->get()));
  if (names.size() > kMaxRoles) return refuse("more than " + std::to_string(kMaxRoles) + " files");
  for (const std::string& name : names) {
    if (name.starts_with('.') || name.ends_with('~')) continue;  // editors' leftovers
    const std::string shown = std::string(kRolesFolder) + name;
    if (!name.ends_with(kSuffix)) {
      out.problems.push_back(
          {.file = "roles/" + quoted(name), .message = "not a role file", .remedy = "roles/NAME.toml"});
    } else {
      read_one(roles->get(), name, shown, trust, out);
    }
  }
  return {};
}

ReadFiles read_home(const Home& home) {
  ReadFiles out;
  const Trust trust{.owner = home.owner};
  auto config = open_trusted_directory(home.config, trust);
  if (!config) {
    out.complain(home.config, std::move(config).error());
    return out;
  }
  for (const char* name : {kApprovalsFile, kPeopleFile, kSecretsFile, kSettingsFile})
    read_one(config->get(), name, name, trust, out);
  if (auto roles = read_role_files(config->get(), trust, out); !roles)
    out.complain("roles", std::move(roles).error());
  return out;
}

}  // namespace

const Role* Policy::find_role(std::string_view name) const { return find_named(roles, name); }
const Rule* Policy::find_rule(std::string_view name) const { return find_named(rules, name); }
const Person* Policy::find_person(std::string_view name) const { return find_named(people, name); }
const Secret* Policy::find_secret(std::string_view name) const { return find_named(secrets, name); }

const Person* Policy::find_person_by_uid(uid_t uid) const {
  const auto found = std::ranges::find_if(
      people, [&](const Person& person) { return std::ranges::find(person.uids, uid) != person.uids.end(); });
  return found != people.end() ? &*found : nullptr;
}

std::expected<Policy, Problems> load(const Home& home) {
  ReadFiles read = read_home(home);
  auto policy = build(home, read.files);
  if (read.problems.empty()) return policy;
  if (!policy) read.problems.insert(read.problems.end(), policy.error().begin(), policy.error().end());
  return std::unexpected(in_order(std::move(read.problems)));
}

std::expected<Policy, Problems> build(const Home& home, const std::vector<SourceFile>& files) {
  Policy policy{.home = home};
  Findings findings;
  std::set<std::string> seen;
  for (const SourceFile& file : files) {
    if (seen.insert(file.name).second) {
      read_file(file, policy, findings);
    } else {
      findings.refuse(file.name, {}, "given twice");
    }
  }
  if (!findings.unreadable) {
    check_people(policy, findings);
    check_rules(policy, findings);
    check_secrets(policy, findings);
    check_settings(policy, findings);
    for (const Role& role : policy.roles)
      if (!role.name.empty())
        check_role(policy, role, std::string(kRolesFolder) + role.name + ".toml", findings);
  }
  if (refused(findings.problems)) return std::unexpected(in_order(std::move(findings.problems)));
  if (policy.settings.audience.empty())
    return std::unexpected(Problems{{.file = kSettingsFile,
                                     .message = "there is no pawl.toml",
                                     .remedy = "pawl init writes a working set of files"}});
  policy.notes = in_order(std::move(findings.problems));
  return policy;
}

std::expected<Role, Problems> build_handed_role(const Policy& policy, std::string_view file_name,
                                                std::string_view text) {
  const std::string file(file_name);
  Findings findings;
  if (text.size() > kMaxFile) {
    findings.refuse(file, {}, "larger than " + std::to_string(kMaxFile) + " bytes");
    return std::unexpected(std::move(findings.problems));
  }
  const auto document = document_of({file, std::string(text)}, findings);
  if (!document) return std::unexpected(std::move(findings.problems));
  Role role = read_role(file, *document, findings);
  role.origin = RoleOrigin::handed;
  check_role(policy, role, file, findings);
  if (refused(findings.problems)) return std::unexpected(in_order(std::move(findings.problems)));
  return role;
}

}  // namespace pawl::policy
