// The action document: what will be executed, exactly that, and nothing else. Its canonical bytes are what
// people approve: their SHA-256 is the subject of every decision. The agent's own words are never in it; of
// secrets it holds names and version ids, never values or digests of values. Pure; made by the broker, read
// by the broker and by reviewers' tools, who trust nothing in it before read_document().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

inline constexpr std::int64_t kDocumentVersion = 1;
inline constexpr std::string_view kDocumentKindExec = "exec";
inline constexpr std::string_view kInputsDirectory = "/run/pawl/inputs/";  // + parameter + "/" + basename
inline constexpr std::size_t kMaxDocumentBytes = 64 * 1024;  // so that it fits one message of the broker

struct ActionDocument {
  // The program: resolved when asked, run by descriptor when approved.
  struct Executable {
    std::string path;  // absolute
    Digest sha256{};
    std::uint64_t size = 0;  // bytes
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("path", self.path);
      archive("sha256", self.sha256);
      archive("size", self.size);
    }
  };
  // A file that the agent handed over; the pinned copy appears read-only at `path`.
  struct Input {
    std::string parameter;
    std::string name;  // basename
    Digest sha256{};
    std::uint64_t size = 0;  // bytes
    std::string path;        // kInputsDirectory + parameter + "/" + name
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("parameter", self.parameter);
      archive("name", self.name);
      archive("sha256", self.sha256);
      archive("size", self.size);
      archive("path", self.path);
    }
  };
  // What the program finds in its environment besides secrets.
  struct Variable {
    std::string name;
    std::string value;
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("name", self.name);
      archive("value", self.value);
    }
  };
  struct Secret {
    std::string environment;  // the variable it is put in
    std::string name;         // in secrets.toml
    std::string version;      // opaque id; changes when the secret's value does
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("environment", self.environment);
      archive("name", self.name);
      archive("version", self.version);
    }
  };

  // The look at what the action would do, that was taken before anyone was asked: on the same inputs, in the
  // same directory and environment. What it printed is no part of the document: decisions name its digest.
  struct Preview {
    Executable executable;
    std::vector<std::string> argv;
    std::vector<Secret> secrets;  // all that it is given
    std::uint64_t timeout = 0;    // seconds, at least 1
    bool recheck = false;         // made again before the action runs: another output voids the approval
    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive("executable", self.executable);
      archive("argv", self.argv);
      archive("secrets", self.secrets);
      archive("timeout", self.timeout);
      archive("recheck", self.recheck);
    }
  };

  std::int64_t version = kDocumentVersion;
  std::string kind = std::string(kDocumentKindExec);
  std::string action;  // its name in the role
  Executable executable;
  std::vector<std::string> argv;  // complete, argv[0] included
  std::string directory;          // working directory inside, absolute
  std::vector<Input> inputs;
  std::vector<Variable> environment;
  std::vector<Secret> secrets;
  std::vector<std::string> read;           // host paths visible read-only, besides /usr and /etc
  std::vector<std::string> write;          // host paths that it may change
  std::vector<std::string> hosts;          // "name:port", all that it may connect to
  std::uint64_t timeout = 0;               // seconds, at least 1
  std::vector<std::string> preconditions;  // no kind of precondition exists yet: always empty
  std::optional<Preview> preview;          // the key is left out where the action has none

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("version", self.version);
    archive("kind", self.kind);
    archive("action", self.action);
    archive("executable", self.executable);
    archive("argv", self.argv);
    archive("directory", self.directory);
    archive("inputs", self.inputs);
    archive("environment", self.environment);
    archive("secrets", self.secrets);
    archive("read", self.read);
    archive("write", self.write);
    archive("hosts", self.hosts);
    archive("timeout", self.timeout);
    archive("preconditions", self.preconditions);
    archive.when_there("preview", self.preview);
  }
};

// The canonical bytes. Refuses a document that read_document() would refuse.
Result<std::string> write_document(const ActionDocument& document);

// Strict: canonical, every key there ("preview" only of an action that has one), no other key, version 1,
// kind "exec", absolute clean paths, no NUL, each parameter and each environment name once, every input where
// its parameter and name put it.
Result<ActionDocument> read_document(std::string_view bytes);

}  // namespace pawl::receipt
