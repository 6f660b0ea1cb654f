// The agent's conversation (a session's agent.sock): `pawl-agent` asks, the broker answers each ask with one
// message. Everything in the asks was written by the agent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/wire/common.hpp"

namespace pawl::wire {

struct AgentHello {
  static constexpr Type type = Type::agent_hello;
  std::uint32_t protocol = kProtocol;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.protocol);
  }
};

struct ParameterInfo {
  std::string name;
  std::string match;      // RE2, full match; empty for files
  bool file = false;      // the value is a path inside the sandbox, opened by pawl-agent
  std::uint64_t max = 0;  // files: bytes

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.match, self.file, self.max);
  }
};

struct ActionInfo {
  std::string name;
  std::string description;
  std::vector<ParameterInfo> parameters;  // all required
  std::string approval;                   // in words: "two-person: 2 of @sre, within 15 minutes"
  std::uint32_t timeout = 0;              // seconds it may run
  std::uint32_t preview_timeout =
      0;  // seconds in which it is previewed before Propose is answered; 0: it is not

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.description, self.parameters, self.approval, self.timeout, self.preview_timeout);
  }
};

struct AgentWelcome {
  static constexpr Type type = Type::agent_welcome;
  std::uint32_t protocol = kProtocol;
  std::string session;
  std::string role;
  std::vector<ActionInfo> actions;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.protocol, self.session, self.role, self.actions);
  }
};

struct FileInput {
  std::string parameter;
  std::string basename;  // the last component of the path as the agent wrote it

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.parameter, self.basename);
  }
};

// Descriptors: one for each file, in order, opened read-only with the agent's own rights. Answered by
// RequestStatus (joined: the same session had asked for exactly this already): at once, or when the action's
// preview is made.
struct Propose {
  static constexpr Type type = Type::propose;
  std::string action;
  std::vector<NamedValue> parameters;  // those that are not files
  std::vector<FileInput> files;
  std::string why;  // at most 280 characters

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.action, self.parameters, self.files, self.why);
  }
};

// Answered when the request is final, or after `wait` milliseconds (at most 600,000) with its state then.
struct AwaitRequest {
  static constexpr Type type = Type::await_request;
  std::string id;  // of this session's requests; a unique prefix of at least 8 is enough
  std::uint32_t wait = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.wait);
  }
};

struct RequestStatus {
  static constexpr Type type = Type::request_status;
  std::string id;
  std::string action;
  RequestState state = RequestState::pending;
  bool joined = false;
  std::string detail;                     // what is waited for, or why it was denied, void, …
  std::string decided_by;                 // of a denial
  std::int64_t expires = 0;               // Unix milliseconds
  std::optional<std::int32_t> exit_code;  // done: 0-255, 128+N for a signal
  bool timed_out = false;
  std::string standard_output;  // scrubbed, bounded to 48 KiB each
  std::string standard_error;
  bool output_truncated = false;
  std::string preview;      // what its preview printed, whole: at most 64 KiB; empty also where it has none
  std::string replaced_by;  // voided: the request that was made in its place, because the preview had changed

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.action, self.state, self.joined, self.detail, self.decided_by, self.expires,
            self.exit_code, self.timed_out, self.standard_output, self.standard_error, self.output_truncated,
            self.preview, self.replaced_by);
  }
};

}  // namespace pawl::wire
