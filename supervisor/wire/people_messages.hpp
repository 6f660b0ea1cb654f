// The people's conversation (people.sock): `pawl` asks, the broker answers each ask with one message, either
// the answer named here or Failure. Times are Unix milliseconds by the broker's clock; ids are 64 hexadecimal
// digits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/wire/common.hpp"

namespace pawl::wire {

enum class Home : std::uint8_t { embedded, system };
constexpr Home last_of(Home) { return Home::system; }

struct Hello {
  static constexpr Type type = Type::hello;
  std::uint32_t protocol = kProtocol;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.protocol);
  }
};

struct Welcome {
  static constexpr Type type = Type::welcome;
  std::uint32_t protocol = kProtocol;
  Home home = Home::embedded;
  std::string audience;           // the broker's name in receipts
  std::string person;             // who the caller is according to people.toml; empty: nobody known
  std::string policy_problem;     // why nobody is known: the policy is not valid; empty: it is
  std::string configuration;      // its configuration directory
  std::vector<std::string> keys;  // the person's enrolled public keys, OpenSSH lines

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.protocol, self.home, self.audience, self.person, self.policy_problem, self.configuration,
            self.keys);
  }
};

enum class StandardStream : std::uint8_t { null, terminal, stream };
constexpr StandardStream last_of(StandardStream) { return StandardStream::stream; }

// Whether it can name a kind of terminal (TERM): it goes into an environment.
inline bool is_terminal_type(std::string_view name) {
  return name.size() <= 64 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.' || c == '+';
         });
}

// Descriptor: the workspace directory, opened once by the caller.
struct OpenSession {
  static constexpr Type type = Type::open_session;
  std::string role;         // a role's name, or empty with policy_text
  std::string policy_text;  // contents of --policy FILE: such a role draws no secret
  std::vector<std::string> argv;
  std::vector<StandardStream> stdio;  // three
  std::string terminal_type;          // TERM of a terminal; unused when empty

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.role, self.policy_text, self.argv, self.stdio, self.terminal_type);
  }
};

// Descriptor: the broker's channel for pawl-launch (sandbox/launch_protocol.hpp).
// The plan's descriptors are, in order: workspace, private home, the folder for changes if the workspace is
// an overlay that keeps some, then one for each stdio entry of kind descriptor.
struct SessionOpened {
  static constexpr Type type = Type::session_opened;
  std::string id;
  std::string token;     // proves later that this is the session's launcher (ResumeSession)
  std::string home_key;  // names the private home below the person's own state directory: <role>/<key>
  Bytes plan;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.token, self.home_key, self.plan);
  }
};

// After the broker was lost and is back. Answered by SessionResumed with a channel like SessionOpened's, or
// by SessionOver when the broker keeps no such session (any more): it was killed or given up, and whoever
// holds it ends it.
struct ResumeSession {
  static constexpr Type type = Type::resume_session;
  std::string id;
  std::string token;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.token);
  }
};

struct SessionResumed {
  static constexpr Type type = Type::session_resumed;
  template <class Self, class Archive>
  static void fields(Self&, Archive&) {}
};

struct SessionOver {
  static constexpr Type type = Type::session_over;
  template <class Self, class Archive>
  static void fields(Self&, Archive&) {}
};

struct ListSessions {
  static constexpr Type type = Type::list_sessions;
  bool ended_too = false;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.ended_too);
  }
};

struct SessionInfo {
  std::string id;
  std::string role;
  std::string person;  // the launcher; empty when people.toml does not know the uid
  std::uint32_t uid = 0;
  std::string workspace;
  std::string command;  // argv, quoted for people
  std::int64_t started = 0;
  std::int64_t ended = 0;  // 0: running
  std::int32_t exit_code = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.role, self.person, self.uid, self.workspace, self.command, self.started, self.ended,
            self.exit_code);
  }
};

struct Sessions {
  static constexpr Type type = Type::sessions;
  std::vector<SessionInfo> list;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.list);
  }
};

// Answered by Done once the session's processes were told to die; by Failure when its launcher is not
// connected: then the kill is on record, and carried out when the launcher returns. Pending requests of it
// become void.
struct KillSession {
  static constexpr Type type = Type::kill_session;
  std::string id;  // or a unique prefix of at least 8

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id);
  }
};

struct ListRequests {
  static constexpr Type type = Type::list_requests;
  bool all = false;   // not only those that wait for a decision
  std::string after;  // id of the last one of the page before; empty: from the start

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.all, self.after);
  }
};

// Who must still approve as members of one group.
struct MissingInfo {
  std::string group;
  std::uint32_t persons = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.group, self.persons);
  }
};

struct RequestInfo {
  std::string id;
  std::string session;
  std::string role;
  std::string action;
  std::string launcher;  // person
  std::string summary;   // argv, quoted for people
  std::string rule;      // name of the approval rule
  std::uint32_t quorum = 0;
  std::uint32_t approvals = 0;
  std::int64_t created = 0;
  std::int64_t expires = 0;
  RequestState state = RequestState::pending;
  std::string detail;                // reason of a denial, of being void, …
  std::string rolls_back;            // id of the request that this one takes back; empty: none
  bool emergency = false;            // by a rule for emergencies: each approval needs a reason
  std::vector<MissingInfo> missing;  // while pending; besides the quorum

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.session, self.role, self.action, self.launcher, self.summary, self.rule,
            self.quorum, self.approvals, self.created, self.expires, self.state, self.detail, self.rolls_back,
            self.emergency, self.missing);
  }
};

struct Requests {
  static constexpr Type type = Type::requests;
  std::vector<RequestInfo> list;  // oldest first
  bool more = false;              // ask again with `after`

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.list, self.more);
  }
};

struct ShowRequest {
  static constexpr Type type = Type::show_request;
  std::string id;  // or a unique prefix of at least 8

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id);
  }
};

struct DecisionInfo {
  std::string person;
  std::string group;
  bool approves = false;
  std::string reason;
  std::int64_t time = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.person, self.group, self.approves, self.reason, self.time);
  }
};

// A group of the request's rule.
struct GroupInfo {
  std::string name;
  std::uint32_t least = 0;      // so many of the quorum must approve as its members
  std::uint32_t approvals = 0;  // so many did
  std::int64_t opens = 0;       // from then on its members may approve; 0: from the start

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.least, self.approvals, self.opens);
  }
};

// All that a reviewer's program needs to render the document and to build the statement itself.
struct RequestShown {
  static constexpr Type type = Type::request_shown;
  RequestInfo info;
  std::string audience;
  std::string document;                    // canonical JSON of the action (receipt/action_document.hpp)
  std::string why;                         // the agent's words; untrusted
  Digest policy{};                         // policy digest
  std::int64_t issued = 0;                 // Unix seconds: the statement's `issued` …
  std::int64_t expires = 0;                // … and `expires`
  std::vector<std::string> from;           // the rule's groups and persons as written
  std::vector<std::string> caller_groups;  // those through which the caller may decide; empty: may not
  std::vector<DecisionInfo> decisions;
  std::optional<std::int32_t> exit_code;
  std::string output;  // of a finished action: stdout and stderr, scrubbed, bounded
  bool output_truncated = false;
  std::string agent;  // what runs in the session, as the broker names it: the statement's requester
  std::optional<Digest> preview;  // of what the preview printed (ReadPreview): the statement's preview
  std::string rollback;     // the action that would take it back, of one that ran or may have; empty: none
  std::string replaces;     // the request in whose place it was made, because the preview had changed
  std::string replaced_by;  // of that one: this one's id
  std::vector<GroupInfo> groups;  // those of `from`, in the same order
  bool hardware = false;          // security keys only

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.info, self.audience, self.document, self.why, self.policy, self.issued, self.expires,
            self.from, self.caller_groups, self.decisions, self.exit_code, self.output, self.output_truncated,
            self.agent, self.preview, self.rollback, self.replaces, self.replaced_by, self.groups,
            self.hardware);
  }
};

// What a request's preview printed; its SHA-256 is RequestShown's `preview`.
struct ReadPreview {
  static constexpr Type type = Type::read_preview;
  std::string id;  // or a unique prefix of at least 8

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id);
  }
};

struct Preview {
  static constexpr Type type = Type::preview;
  std::string output;  // whole: at most 64 KiB, UTF-8

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.output);
  }
};

// A person asks, on their own, for the action that takes a finished request back, with the values and inputs
// of that request. Answered when its preview, where it has one, is made.
struct ProposeRollback {
  static constexpr Type type = Type::propose_rollback;
  std::string id;   // what is to be taken back, or a unique prefix of at least 8
  std::string why;  // at most 280 characters

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.why);
  }
};

struct RollbackProposed {
  static constexpr Type type = Type::rollback_proposed;
  RequestInfo info;
  bool joined = false;  // the same person had asked for exactly this already

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.info, self.joined);
  }
};

struct Decide {
  static constexpr Type type = Type::decide;
  std::string id;         // full
  std::string statement;  // the signed bytes (receipt/statement.hpp)
  std::string signature;  // armored SSHSIG over their DSSE PAE

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.statement, self.signature);
  }
};

struct Decided {
  static constexpr Type type = Type::decided;
  RequestInfo info;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.info);
  }
};

// Answered when the queue differs from `generation`, or after `wait` milliseconds (at most 60,000).
struct WatchQueue {
  static constexpr Type type = Type::watch_queue;
  std::uint64_t generation = 0;
  std::uint32_t wait = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.generation, self.wait);
  }
};

struct QueueChanged {
  static constexpr Type type = Type::queue_changed;
  std::uint64_t generation = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.generation);
  }
};

// Records from index `from`; when there is none yet, waits up to `wait` milliseconds (at most 60,000).
struct ReadLog {
  static constexpr Type type = Type::read_log;
  std::uint64_t from = 0;
  std::uint32_t wait = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.from, self.wait);
  }
};

struct LogPage {
  static constexpr Type type = Type::log_page;
  std::vector<std::string> records;  // as they stand in the ledger, without the line end

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.records);
  }
};

struct GetReceipt {
  static constexpr Type type = Type::get_receipt;
  std::string id;  // request id or a unique prefix of at least 8

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id);
  }
};

struct Receipt {
  static constexpr Type type = Type::receipt;
  std::string bundle;  // receipt/bundle.hpp

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.bundle);
  }
};

}  // namespace pawl::wire
