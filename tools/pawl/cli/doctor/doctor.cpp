// pawl doctor: whether this host can hold what pawl promises. Nothing is concluded from version numbers: each
// layer is made, and attacked.
#include <unistd.h>

#include <memory>
#include <optional>

#include "sandbox/host_evidence.hpp"
#include "supervisor/policy/starter.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/nearest.hpp"
#include "tools/pawl/cli/doctor/layer_rows.hpp"
#include "tools/pawl/cli/doctor/places.hpp"
#include "tools/pawl/cli/doctor/role_rows.hpp"
#include "tools/pawl/cli/doctor/service_rows.hpp"
#include "tools/pawl/cli/doctor/table.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/verb.hpp"
#include "tools/people_client.hpp"

namespace pawl::cli {
namespace {

// The shipped roles are read with a person in their policy; nothing is ever signed with this.
constexpr char kNobodysKey[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGUga2V5IG9mIGFsaWNlOiByZXBsYWNlIGl0";

struct DoctorOptions {
  std::string role;
  bool json = false;
};

std::string_view name_of(sandbox::Container container) {
  using enum sandbox::Container;
  switch (container) {
    case none:
      return "";
    case docker:
      return ", in a docker container";
    case podman:
      return ", in a podman container";
    case kubernetes:
      return ", in a Kubernetes pod";
    case lxc:
      return ", in an LXC container";
    case nspawn:
      return ", in a systemd-nspawn container";
    case other:
      return ", in a container";
  }
  return "";
}

std::string host_line() {
  const sandbox::HostEvidence host = sandbox::look_at_host();
  std::string line = "host: Linux " + host.release + ", " +
                     (host.distribution.empty() ? "unknown distribution" : host.distribution) +
                     (host.kernel == sandbox::KernelKind::wsl2 ? " on WSL 2" : "") +
                     std::string(name_of(host.container)) + "; you: uid " + std::to_string(::getuid());
  if (::geteuid() == 0) line += ", whose sandboxes run as uid " + std::to_string(kNobody);
  return receipt::visible(line) + "\n\n";
}

Outcome<> check_role(const policy::Policy& policy, const std::string& name) {
  if (name.empty() || policy.find_role(name) != nullptr) return {};
  std::vector<std::string_view> known;
  known.reserve(policy.roles.size());
  for (const policy::Role& role : policy.roles) known.push_back(role.name);
  return tools::trouble(ExitCode::usage, "no role '" + name + "'" + tools::did_you_mean(name, known),
                        "pawl policy check lists what is wrong with a file that should define it");
}

// Where nothing is set up yet, the shipped roles are tried: whether the host can hold them is worth knowing
// before. Nothing where there is a policy that cannot be used.
std::optional<policy::Policy> policy_or_shipped(const policy::Home& home, const Row& row) {
  if (row.finding.state == State::works) {
    auto policy = policy::load(home);
    return policy ? std::optional(*std::move(policy)) : std::nullopt;
  }
  if (::access((home.config + "/pawl.toml").c_str(), F_OK) == 0) return {};
  const auto files = policy::embedded_starter({"you", {::getuid()}, {kNobodysKey}, {}}, "doctor");
  if (!files) return {};
  auto policy = policy::build({policy::HomeKind::embedded, home.config, ::getuid()}, *files);
  return policy ? std::optional(*std::move(policy)) : std::nullopt;
}

Outcome<ExitCode> doctor(const DoctorOptions& options) {
  if (tools::inside_a_session())
    return tools::trouble(ExitCode::failed, "this is a pawl sandbox already, and sandboxes do not nest",
                          "run pawl doctor outside of the session: it is about the host");
  const wire::Paths paths = TRY(wire::client_paths());
  const policy::Home home = TRY(find_home(""));
  Row policy_state = policy_row(paths, home);
  const auto policy = policy_or_shipped(home, policy_state);
  if (policy) TRY(check_role(*policy, options.role));

  std::vector<Row> rows = layer_rows(paths);
  rows.push_back(std::move(policy_state));
  rows.push_back(broker_row(paths));
  rows.push_back(clock_row(paths));
  rows.push_back(disk_row());
  if (policy)
    for (Row& row : role_rows(paths, *policy, options.role)) rows.push_back(std::move(row));

  if (options.json)
    TRY(print_json(doctor_json(rows)));
  else
    TRY(print(host_line() + doctor_table(rows) + "\n" + doctor_summary(rows)));
  return all_honoured(rows) ? ExitCode::done : ExitCode::failed;
}

}  // namespace

Action declare_doctor(Options& command) {
  auto options = std::make_shared<DoctorOptions>();
  command.optional("--role", options->role, "launch only this role (default: every role of the policy)");
  command.flag("--json", options->json, "one JSON array of {layer, state, required, cause, remedy}");
  return [options] { return doctor(*options); };
}

}  // namespace pawl::cli
