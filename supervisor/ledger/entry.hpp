// One entry of the log: a line of canonical JSON {body, index, kind, time}; a leaf of the Merkle tree. Pure;
// runs in the broker and in people's tools; reads logs, which may be damaged or forged.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::ledger {

enum class Kind : std::uint8_t {
  boot,        // a broker began to serve
  policy,      // the policy that is live from here on
  enroll,      // a person, key or group came or went
  session,     // a session opened or ended
  request,     // a privileged action was asked for
  notify,      // someone was told
  decision,    // a reviewer's signed approve or deny
  consume,     // a receipt was burned: before anything runs
  exec_start,  // the action is about to start
  outcome,     // how it ended
  deny,        // the broker itself refused something that was asked
  expire,      // nobody decided in time
  revoke,      // a person or the broker voided something
  freeze,      // nothing acts until thawed
  recover,     // what a restart found and did about it
  egress,      // what left, what was refused
};
constexpr Kind last_of(Kind) { return Kind::egress; }
std::span<const std::string_view> words_of(Kind);
std::string_view word(Kind kind);

inline constexpr std::size_t kMaxEntryBytes = 65535;  // bigger things go to the BlobStore

struct Entry {
  std::uint64_t index = 0;  // from 0, without gaps
  std::int64_t time = 0;    // Unix milliseconds by the broker's clock
  Kind kind = Kind::boot;
  boost::json::object body;
  Digest hash{};  // of the leaf; not in the line
};

// What a restart, or the running broker, found wrong and what follows from it: the body of `recover`.
struct Recovery {
  enum class What : std::uint8_t {
    torn_tail,  // an unfinished last record was cut off
    restored,   // the state is a restored copy: everything that waits is void
    restart,    // what was burned without an outcome is indeterminate
    clock,      // the clock was set back: everything that waits is void
  };
  What what = What::restart;
  std::string detail;  // for people
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("what", self.what);
    archive("detail", self.detail);
  }
};
std::span<const std::string_view> words_of(Recovery::What);

// Without a line break. Refuses what is too long or not canonical JSON.
Result<std::string> write_entry(const Entry& entry);
// Strict; sets `hash` from the bytes read.
Result<Entry> read_entry(std::string_view line);
// The same, and `index` is the one it has to have.
Result<Entry> read_entry_at(std::uint64_t index, std::string_view line);

}  // namespace pawl::ledger
