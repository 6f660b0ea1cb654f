#include "supervisor/policy/digest.hpp"

#include "supervisor/policy/gate_authority.hpp"
#include "supervisor/policy/hash.hpp"
#include "supervisor/policy/protections.hpp"

namespace pawl::policy {
namespace {

// Netstrings: no value can look like the end of itself and the start of another.
class Record {
 public:
  explicit Record(std::string_view heading) { field("pawl", heading); }

  void field(std::string_view name, std::string_view value) {
    text_.append(name)
        .append(" ")
        .append(std::to_string(value.size()))
        .append(":")
        .append(value)
        .append("\n");
  }
  void field(std::string_view name, std::uint64_t value) {
    field(name, std::string_view(std::to_string(value)));
  }
  void field(std::string_view name, const std::vector<std::string>& values) {
    field(name, static_cast<std::uint64_t>(values.size()));
    for (const std::string& value : values) field("-", std::string_view(value));
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

std::uint64_t seconds(std::chrono::seconds time) { return static_cast<std::uint64_t>(time.count()); }

void add_limits(const Limits& limits, Record& record) {
  record.field("tmp", limits.tmp);
  record.field("memory", limits.use.memory);
  record.field("processes", std::uint64_t{limits.use.processes});
  record.field("cpus", std::uint64_t{limits.use.cpus});
  record.field("io", std::uint64_t{limits.use.io_weight});
  record.field("enforcement", static_cast<std::uint64_t>(limits.use.enforcement));
}

void add_sandbox(const Role& role, Record& record) {
  record.field("role", std::string_view(role.name));
  record.field("origin", static_cast<std::uint64_t>(role.origin));
  record.field("workspace", static_cast<std::uint64_t>(role.sandbox.files.workspace));
  record.field("read", role.sandbox.files.read);
  std::vector<std::string> protect;
  for (const ProtectedPattern& entry : protected_patterns()) protect.emplace_back(entry.pattern);
  protect.insert(protect.end(), role.sandbox.files.protect.begin(), role.sandbox.files.protect.end());
  record.field("protect", protect);
  record.field("hide", role.sandbox.files.hide);
  record.field("environment", role.sandbox.keep_environment);
  record.field("syscalls", word_of(role.sandbox.syscalls));
  record.field("low-ports", static_cast<std::uint64_t>(role.sandbox.low_ports));
  record.field("landlock", std::uint64_t{role.sandbox.landlock});
  for (const ChangedSyscall& changed : role.sandbox.changed_syscalls)
    record.field(changed.change.allowed ? "allow-syscall" : "deny-syscall",
                 std::string_view(changed.change.call));
  add_limits(role.limits, record);
  record.field("wall-time", seconds(role.limits.wall_time));
  for (const LlmRoute& route : role.llm)
    record.field("llm", std::vector<std::string>{route.name, route.api, route.upstream, route.secret});
}

void add_action(const Action& action, Record& record) {
  record.field("action", std::string_view(action.name));
  record.field("run", action.run);
  for (const Parameter& parameter : action.parameters) {
    record.field("parameter", std::string_view(parameter.name));
    record.field("kind", static_cast<std::uint64_t>(parameter.kind));
    record.field("match", std::string_view(parameter.match));
    record.field("max", parameter.max);
    record.field("dash", static_cast<std::uint64_t>(parameter.leading_dash));
  }
  for (const SecretBinding& binding : action.secrets)
    record.field("secret-variable", std::vector<std::string>{binding.variable, binding.secret});
  record.field("approval", std::string_view(action.approval));
  record.field("preview", action.preview);
  record.field("preview-timeout", seconds(action.preview_timeout));
  for (const SecretBinding& binding : action.preview_secrets)
    record.field("preview-variable", std::vector<std::string>{binding.variable, binding.secret});
  record.field("recheck", std::uint64_t{action.recheck});
  record.field("rollback", std::string_view(action.rollback));
  record.field("timeout", seconds(action.timeout));
  record.field("action-read", action.read);
  record.field("action-write", action.write);
  record.field("output", action.output);
  add_limits(action.limits, record);
}

void add_gate(const Gate& gate, Record& record) {
  record.field("gate", std::string_view(gate.name));
  for (const GateArgument& argument : gate.command) {
    record.field("word", static_cast<std::uint64_t>(argument.kind));
    record.field("text", std::string_view(argument.text));
    record.field("dash", static_cast<std::uint64_t>(argument.leading_dash));
  }
  record.field("gate-inputs", gate.inputs);
  record.field("gate-inputs-max", gate.inputs_max);
  record.field("approval", std::string_view(gate.approval));
  record.field("gate-expires", seconds(gate.expires));
  record.field("proposers", gate.proposers);
}

void add_rule(const Rule& rule, Record& record) {
  record.field("rule", std::string_view(rule.name));
  record.field("quorum", std::uint64_t{rule.quorum});
  record.field("from", rule.from);
  record.field("expires", seconds(rule.expires));
  record.field("launcher", static_cast<std::uint64_t>(rule.launcher));
  for (const Least& least : rule.least) {
    record.field("least-of", std::string_view(least.from));
    record.field("least", std::uint64_t{least.count});
  }
  for (const Escalation& step : rule.escalate) {
    record.field("escalate-after", seconds(step.after));
    record.field("escalate-to", step.to);
  }
  record.field("require-key", static_cast<std::uint64_t>(rule.key));
  record.field("emergency", static_cast<std::uint64_t>(rule.emergency));
  record.field("cooldown", seconds(rule.cooldown));
  for (const RequestRate& rate : rule.rates) {
    record.field("rate", std::uint64_t{rate.requests});
    record.field("rate-within", seconds(rate.within));
  }
}

void add_secrets(const Policy& policy, const std::vector<SecretBinding>& bindings, Record& record) {
  for (const SecretBinding& binding : bindings) {
    const Secret* secret = policy.find_secret(binding.secret);
    if (secret == nullptr) continue;  // effective_rule has refused this already
    record.field("secret", std::string_view(secret->name));
    record.field("source", static_cast<std::uint64_t>(secret->source));
    record.field("location", std::string_view(secret->location));
    record.field("roles", secret->roles);
    record.field("uses", secret->uses);
    record.field("require", std::string_view(secret->require));
    if (const Rule* floor = policy.find_rule(secret->require)) add_rule(*floor, record);
  }
}

void add_members(const ResolvedRule& rule, Record& record) {
  for (const EligiblePerson& person : rule.people) {
    record.field("member", std::string_view(person.name));
    record.field("keys", person.keys);
  }
  for (const ResolvedGroup& group : rule.groups) {
    record.field("group", std::string_view(group.name));
    record.field("group-least", std::uint64_t{group.least});
    record.field("group-after", seconds(group.after));
    record.field("group-members", group.members);
  }
}

}  // namespace

Result<std::string> policy_digest_input(const Policy& policy, const Role& role, const Action& action,
                                        std::string_view launcher) {
  const ResolvedRule effective = TRY(effective_rule(policy, role, action, launcher));
  Record record("policy digest v1");
  add_sandbox(role, record);
  add_action(action, record);
  if (const Rule* rule = policy.find_rule(action.approval)) add_rule(*rule, record);
  add_secrets(policy, action.secrets, record);
  add_secrets(policy, action.preview_secrets, record);
  add_members(effective, record);
  return std::move(record).take();
}

// Of the role only the gate counts: nothing runs in its sandbox.
Result<Digest> policy_digest(const Policy& policy, const Role& role, const Gate& gate,
                             std::string_view proposer) {
  const ResolvedRule effective = TRY(effective_rule(policy, role, gate, proposer));
  Record record("gate policy digest v1");
  record.field("role", std::string_view(role.name));
  add_gate(gate, record);
  if (const Rule* rule = policy.find_rule(gate.approval)) add_rule(*rule, record);
  add_members(effective, record);
  return sha256(as_bytes(std::move(record).take()));
}

Result<Digest> policy_digest(const Policy& policy, const Role& role, const Action& action,
                             std::string_view launcher) {
  return sha256(as_bytes(TRY(policy_digest_input(policy, role, action, launcher))));
}

}  // namespace pawl::policy
