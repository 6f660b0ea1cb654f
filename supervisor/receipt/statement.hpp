// The decision statement: in-toto Statement v1 (https://in-toto.io/Statement/v1) that says which action one
// reviewer decided on, for which request, under which policy, and how. Its canonical bytes are wrapped in the
// DSSE PAE (dsse.hpp) and signed (sshsig.hpp). Pure; made by reviewers' tools, checked by the broker, which
// trusts nothing in it before read_statement().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/verdict.hpp"

namespace pawl::receipt {

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kPredicateType = "https://pawl.dev/decision/v1";
inline constexpr std::string_view kSubjectName = "action";
inline constexpr std::size_t kMaxReasonCharacters = 280;      // Unicode characters
inline constexpr std::size_t kMaxStatementBytes = 16 * 1024;  // of the canonical text
inline constexpr std::size_t kMaxAgentBytes = 256;
inline constexpr std::int64_t kClockSkew = 300;  // seconds

// What a decision is about. The broker fixes it when the request is made; a reviewer's tool takes it over
// after it has rendered and hashed the document bytes itself; every decision must repeat it exactly.
struct Binding {
  std::string request;   // 64 hexadecimal digits
  std::string audience;  // name of the one broker that may spend it
  Digest document{};     // SHA-256 of the action document's canonical bytes: the statement's subject
  std::string role;
  // Of an agent's request its session, 64 hexadecimal digits; empty: a person asked on their own.
  std::string session;
  // Requesters: what runs in the session, as the broker names it (any text, 1..256 bytes); empty without one.
  std::string agent;
  std::string launcher;           // requesters: the person who started the session, or who asked
  Digest policy{};                // lowered role, approval rule, its members' keys, secret bindings
  std::optional<Digest> preview;  // SHA-256 of what the action's preview printed; none: it has none
  Digest rendered{};              // SHA-256 of what render() gives for the document
  std::int64_t renderer = 0;      // version of that renderer
  std::int64_t issued = 0;        // Unix seconds
  std::int64_t expires = 0;       // Unix seconds: the first second in which it is void

  bool operator==(const Binding&) const = default;
};

struct Statement {
  Binding binding;
  Verdict verdict = Verdict::deny;
  std::string person;
  std::string group;      // the group of the rule in which the person decides, as "@sre"
  std::string reason;     // shown to the agent on a denial; may be empty on an approval
  std::int64_t time = 0;  // Unix seconds by the reviewer's clock

  bool operator==(const Statement&) const = default;
};

// The canonical bytes. Refuses what read_statement() would refuse.
Result<std::string> write_statement(const Statement& statement);

// Strict: canonical, every key, no other key, one subject "action", max_uses 1, names and ids well formed,
// reason at most 280 characters and not empty on a denial, issued < expires.
Result<Statement> read_statement(std::string_view bytes);

// The reviewer's clock may differ from the broker's by kClockSkew, not more: refuses a time outside
// issued…expires. (Whether it came in time is judged by the broker's clock alone.)
Result<> check_time(const Statement& statement);

// Names the first field in which a signed statement differs from what was asked.
Result<> matches(const Binding& signed_binding, const Binding& expected);

}  // namespace pawl::receipt
