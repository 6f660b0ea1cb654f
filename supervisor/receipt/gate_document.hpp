// The gate document: what a pipeline may do once, outside of every broker: start exactly this command for
// exactly this commit, with these input files. Its canonical bytes are what people approve, as those of an
// action document are. pawld makes it and never runs it; `pawl gate` compares it with what a runner is about
// to start. Pure; read by the broker, by reviewers' tools and by runners, who trust nothing in it before
// read_gate_document().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

inline constexpr std::int64_t kGateDocumentVersion = 1;
inline constexpr std::string_view kDocumentKindGate = "gate";
inline constexpr std::string_view kGitSubject = "git:";
inline constexpr std::size_t kMaxGateInputs = 16;  // each is a descriptor that travels with the request

struct GateDocument {
  // A file that the command reads, named as its command line names it.
  struct Input {
    std::string name;
    Digest sha256{};
    std::uint64_t size = 0;  // bytes
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("name", self.name);
      archive("sha256", self.sha256);
      archive("size", self.size);
    }
    bool operator==(const Input&) const = default;
  };

  std::int64_t version = kGateDocumentVersion;
  std::string kind = std::string(kDocumentKindGate);
  std::string action;             // the gate's name in the role
  std::string subject;            // "git:" and the commit's 40 or 64 lower-case hexadecimal digits
  std::vector<std::string> argv;  // complete, argv[0] as it is given to `pawl gate`
  std::vector<Input> inputs;      // by name, each once

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("version", self.version);
    archive("kind", self.kind);
    archive("action", self.action);
    archive("subject", self.subject);
    archive("argv", self.argv);
    archive("inputs", self.inputs);
  }
};

// "git:" and a full commit id.
bool is_subject(std::string_view text);
// A clean path, absolute or relative: no empty, "." or ".." segment, no NUL, at most 1024 bytes.
bool is_input_name(std::string_view text);
// The same name for "./deploy.sh" and "deploy.sh".
std::string_view input_name(std::string_view path);

// The canonical bytes, at most kMaxDocumentBytes. Refuses what read_gate_document() would refuse.
Result<std::string> write_gate_document(const GateDocument& document);

// Strict: canonical, every key there, no other key, version 1, kind "gate", inputs in ascending order of
// their names.
Result<GateDocument> read_gate_document(std::string_view bytes);

// What a reviewer sees (render.hpp).
std::string render(const GateDocument& document);

}  // namespace pawl::receipt
