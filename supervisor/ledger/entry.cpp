#include "supervisor/ledger/entry.hpp"

#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/merkle.hpp"

namespace pawl::ledger {
namespace {

// The line's keys.
struct Line {
  std::uint64_t index = 0;
  std::int64_t time = 0;
  Kind kind = Kind::boot;
  boost::json::object body;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("index", self.index);
    archive("time", self.time);
    archive("kind", self.kind);
    archive("body", self.body);
  }
};

}  // namespace

std::span<const std::string_view> words_of(Kind) {
  static constexpr std::string_view words[] = {
      "boot",       "policy",  "enroll", "session", "request", "notify", "decision", "consume",
      "exec_start", "outcome", "deny",   "expire",  "revoke",  "freeze", "recover",  "egress"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(Kind{})) + 1);
  return words;
}

std::string_view word(Kind kind) { return words_of(kind)[static_cast<std::size_t>(kind)]; }

std::span<const std::string_view> words_of(Recovery::What) {
  static constexpr std::string_view words[] = {"torn_tail", "restored", "restart", "clock"};
  return words;
}

Result<std::string> write_entry(const Entry& entry) {
  const Line line{entry.index, entry.time, entry.kind, entry.body};
  std::string text = TRY_DURING("ledger entry", receipt::to_canonical(receipt::to_object(line)));
  if (text.size() > kMaxEntryBytes)
    return refuse("ledger entry: " + std::string(word(entry.kind)) + " is longer than 65535 bytes");
  return text;
}

Result<Entry> read_entry(std::string_view text) {
  if (text.size() > kMaxEntryBytes) return refuse("ledger entry: longer than 65535 bytes");
  Line line = TRY(receipt::from_canonical<Line>(text, "ledger entry"));
  return Entry{line.index, line.time, line.kind, std::move(line.body), receipt::leaf_hash(as_bytes(text))};
}

Result<Entry> read_entry_at(std::uint64_t index, std::string_view line) {
  Entry entry = TRY(read_entry(line));
  if (entry.index != index)
    return refuse("entry " + std::to_string(entry.index) + " stands where entry " + std::to_string(index) +
                  " should");
  return entry;
}

}  // namespace pawl::ledger
