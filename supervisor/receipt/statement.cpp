#include "supervisor/receipt/statement.hpp"

#include <vector>

#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

// The statement's JSON, level by level. in-toto spells its own keys in camelCase; the predicate is ours.
struct SubjectDigest {
  Digest sha256{};
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("sha256", self.sha256);
  }
};

struct Subject {
  std::string name;
  SubjectDigest digest;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("digest", self.digest);
  }
};

struct Requesters {
  std::string agent;
  std::string person;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("agent", self.agent);
    archive("person", self.person);
  }
};

struct Rendered {
  Digest sha256{};
  std::int64_t version = 0;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("sha256", self.sha256);
    archive("version", self.version);
  }
};

struct Predicate {
  std::string request, audience, role, session;
  Requesters requesters;
  Digest policy{};
  std::optional<Digest> preview;
  Rendered rendered;
  std::int64_t issued = 0, expires = 0, max_uses = 1;
  Verdict verdict = Verdict::deny;
  std::string person, group, reason;
  std::int64_t time = 0;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("audience", self.audience);
    archive("role", self.role);
    archive("session", self.session);
    archive("requesters", self.requesters);
    archive("policy", self.policy);
    archive("preview", self.preview);
    archive("rendered", self.rendered);
    archive("issued", self.issued);
    archive("expires", self.expires);
    archive("max_uses", self.max_uses);
    archive("verdict", self.verdict);
    archive("person", self.person);
    archive("group", self.group);
    archive("reason", self.reason);
    archive("time", self.time);
  }
};

struct Envelope {
  std::string type;
  std::vector<Subject> subject;
  std::string predicate_type;
  Predicate predicate;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("_type", self.type);
    archive("subject", self.subject);
    archive("predicateType", self.predicate_type);
    archive("predicate", self.predicate);
  }
};

Envelope wrap(const Statement& statement) {
  const Binding& b = statement.binding;
  Envelope envelope;
  envelope.type = kStatementType;
  envelope.subject = {{std::string(kSubjectName), {b.document}}};
  envelope.predicate_type = kPredicateType;
  envelope.predicate = {b.request,
                        b.audience,
                        b.role,
                        b.session,
                        {b.agent, b.launcher},
                        b.policy,
                        b.preview,
                        {b.rendered, b.renderer},
                        b.issued,
                        b.expires,
                        1,
                        statement.verdict,
                        statement.person,
                        statement.group,
                        statement.reason,
                        statement.time};
  return envelope;
}

Result<Statement> unwrap(Envelope envelope) {
  if (envelope.type != kStatementType) return refuse("_type is not " + std::string(kStatementType));
  if (envelope.predicate_type != kPredicateType)
    return refuse("predicateType is not " + std::string(kPredicateType));
  if (envelope.subject.size() != 1 || envelope.subject[0].name != kSubjectName)
    return refuse("subject is not the one \"action\"");
  Predicate& p = envelope.predicate;
  if (p.max_uses != 1) return refuse("max_uses is not 1");
  Statement statement;
  statement.binding = {std::move(p.request),
                       std::move(p.audience),
                       envelope.subject[0].digest.sha256,
                       std::move(p.role),
                       std::move(p.session),
                       std::move(p.requesters.agent),
                       std::move(p.requesters.person),
                       p.policy,
                       p.preview,
                       p.rendered.sha256,
                       p.rendered.version,
                       p.issued,
                       p.expires};
  statement.verdict = p.verdict;
  statement.person = std::move(p.person);
  statement.group = std::move(p.group);
  statement.reason = std::move(p.reason);
  statement.time = p.time;
  return statement;
}

// A person's own request has neither session nor agent; an agent's has both.
Result<> check_agent(const Binding& binding) {
  if (binding.session.empty() && binding.agent.empty()) return {};
  if (!is_full_id(binding.session)) return refuse("session is not an id of 64 hexadecimal digits");
  if (!is_text(binding.agent) || binding.agent.empty() || binding.agent.size() > kMaxAgentBytes)
    return refuse("requesters: agent is empty, too long or malformed");
  return {};
}

Result<> check(const Statement& statement) {
  const Binding& binding = statement.binding;
  if (!is_full_id(binding.request)) return refuse("request is not an id of 64 hexadecimal digits");
  TRY(check_agent(binding));
  if (!is_plain_name(binding.audience)) return refuse("audience is not a name");
  if (!is_plain_name(binding.role)) return refuse("role is not a name");
  if (!is_plain_name(binding.launcher)) return refuse("requesters: person is not a name");
  if (binding.renderer < 1) return refuse("rendered: version is below 1");
  if (binding.issued < 0 || binding.issued >= binding.expires) return refuse("expires is not after issued");
  if (!is_plain_name(statement.person)) return refuse("person is not a name");
  if (!is_plain_name(statement.group)) return refuse("group is not a name");
  const auto characters = count_characters(statement.reason);
  if (!characters || !is_text(statement.reason)) return refuse("reason holds a NUL or is not UTF-8");
  if (*characters > kMaxReasonCharacters)
    return refuse("reason is longer than 280 characters", "say it shorter");
  if (statement.verdict == Verdict::deny && statement.reason.empty())
    return refuse("reason is empty", "say why, so that the agent can try another way");
  if (statement.time < 0) return refuse("time is negative");
  return {};
}

}  // namespace

Result<std::string> write_statement(const Statement& statement) {
  TRY_DURING("statement", check(statement));
  std::string bytes = TRY_DURING("statement", to_canonical(to_object(wrap(statement))));
  if (bytes.size() > kMaxStatementBytes) return refuse("statement: longer than 16 KiB");
  return bytes;
}

Result<Statement> read_statement(std::string_view bytes) {
  if (bytes.size() > kMaxStatementBytes) return refuse("statement: longer than 16 KiB");
  Envelope envelope = TRY(from_canonical<Envelope>(bytes, "statement"));
  Statement statement = TRY_DURING("statement", unwrap(std::move(envelope)));
  TRY_DURING("statement", check(statement));
  return statement;
}

Result<> check_time(const Statement& statement) {
  if (statement.time < statement.binding.issued - kClockSkew ||
      statement.time >= statement.binding.expires + kClockSkew)
    return refuse("the statement's time lies outside the request's life", "set the reviewer's clock");
  return {};
}

Result<> matches(const Binding& signed_binding, const Binding& expected) {
  const auto differs = [](std::string_view field) {
    return refuse("the statement was signed for another " + std::string(field));
  };
  const Binding& s = signed_binding;
  if (s.request != expected.request) return differs("request");
  if (s.audience != expected.audience) return differs("audience (broker)");
  if (s.document != expected.document) return differs("action document");
  if (s.role != expected.role) return differs("role");
  if (s.session != expected.session) return differs("session");
  if (s.agent != expected.agent) return differs("requesting agent");
  if (s.launcher != expected.launcher) return differs("requesting person");
  if (s.policy != expected.policy) return differs("policy");
  if (s.preview != expected.preview) return differs("preview");
  if (s.rendered != expected.rendered) return differs("rendered text");
  if (s.renderer != expected.renderer) return differs("renderer version");
  if (s.issued != expected.issued) return differs("time of issue");
  if (s.expires != expected.expires) return differs("expiry");
  return {};
}

}  // namespace pawl::receipt
