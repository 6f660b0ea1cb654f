// What an apply is about to do, written down before it does anything, so that after a crash the next one goes
// on where it stopped. Runs in pawl-cli, as the person. The file is the person's; it is read strictly,
// because it names what is written and removed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/codec.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/steps.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {

inline constexpr char kJournalFile[] = "apply.journal";

// What makes a file the same one that was shown to the person.
struct Mark {
  Type type = Type::file;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  static Mark of(const Node& node);
  // Renaming a file changes its ctime.
  bool same_but_renamed(const Node& node) const;
  bool same(const Node& node) const { return same_but_renamed(node) && changed == node.changed; }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.type, self.mode, self.size, self.inode, self.modified, self.changed);
  }
};

struct Operation {
  enum class Step : std::uint8_t {
    clear,         // remove what is no folder
    clear_folder,  // remove an empty folder
    make_folder,
    put_file,  // from the upper layer
    put_link,
    set_mode,  // of a file or folder whose content is as it should be
  };
  enum class State : std::uint8_t { waiting, done, skipped };

  Step step = Step::clear;
  std::string path;
  std::uint32_t mode = 0;        // put_file, make_folder, set_mode: nine permission bits
  std::string target;            // put_link
  std::optional<Mark> expected;  // what stands there before; nothing: nothing may
  std::optional<Mark> source;    // put_file
  std::optional<Mark> staged;    // put_file, put_link, once all is prepared: what stands beside its place
  bool in_the_way = false;       // clear: a folder comes to its place, so it goes first
  std::string only_after;        // clear: the path that it was renamed to; it goes once that is written
  State state = State::waiting;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.step, self.path, self.mode, self.target, self.expected, self.source, self.staged,
            self.in_the_way, self.only_after, self.state);
  }
};
constexpr Operation::Step last_of(Operation::Step) { return Operation::Step::set_mode; }
constexpr Operation::State last_of(Operation::State) { return Operation::State::skipped; }

struct Journal {
  enum class Phase : std::uint8_t {
    preparing,
    committing,  // everything that is to come in stands whole beside its place, or in it
    settling,    // the workspace is as it should be
  };
  std::string nonce;  // of this apply's temporary names
  Phase phase = Phase::preparing;
  std::uint64_t device = 0;  // of the workspace
  std::uint64_t inode = 0;
  std::vector<Operation> operations;  // in the order in which they are done

  // The name beside its place that an operation's file has before.
  std::string temporary(std::size_t index) const { return ".pawl-" + nonce + "-" + std::to_string(index); }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.nonce, self.phase, self.device, self.inode, self.operations);
  }
};
constexpr Journal::Phase last_of(Journal::Phase) { return Journal::Phase::settling; }

// With a version and a digest around it.
Bytes write_journal(const Journal& journal);
// Refuses paths that are not relative or climb, names that are no nonce, what is prepared and does not say
// what, and what is not whole.
Result<Journal> read_journal(ByteSpan bytes);

// Durable when it returns.
Result<> store_journal(const UniqueFd& session, const Journal& journal, Steps& steps);
Result<> remove_journal(const UniqueFd& session, Steps& steps);
// Nothing: no apply is unfinished.
Result<std::optional<Journal>> load_journal(const UniqueFd& session);
Result<bool> has_journal(const UniqueFd& session);

}  // namespace pawl::changes
