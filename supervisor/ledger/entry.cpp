#include "supervisor/ledger/entry.hpp"

#include "supervisor/receipt/json_fields.hpp"

namespace pawl::ledger {
namespace {

// The line's keys.
struct Line {
  std::uint64_t index = 0;
  std::int64_t time = 0;
  Kind kind = Kind::boot;
  boost::json::object body;
  Digest previous{};
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("index", self.index);
    archive("time", self.time);
    archive("kind", self.kind);
    archive("body", self.body);
    archive("prev", self.previous);
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
  const Line line{entry.index, entry.time, entry.kind, entry.body, entry.previous};
  std::string text = TRY_DURING("ledger entry", receipt::to_canonical(receipt::to_object(line)));
  if (text.size() + 1 > kMaxEntryBytes)
    return refuse("ledger entry: " + std::string(word(entry.kind)) + " is longer than 65535 bytes");
  return text;
}

Result<Entry> read_entry(std::string_view text) {
  if (text.size() + 1 > kMaxEntryBytes) return refuse("ledger entry: longer than 65535 bytes");
  Line line = TRY(receipt::from_canonical<Line>(text, "ledger entry"));
  return Entry{line.index, line.time, line.kind, std::move(line.body), line.previous, receipt::sha256(text)};
}

Result<> follows(const Entry& entry, const Entry* before) {
  const std::uint64_t expected = before != nullptr ? before->index + 1 : 0;
  if (entry.index != expected)
    return refuse("entry " + std::to_string(entry.index) + " stands where entry " + std::to_string(expected) +
                  " should");
  if (entry.previous != (before != nullptr ? before->hash : Digest{}))
    return refuse("entry " + std::to_string(entry.index) +
                  " does not follow the one before it (hash chain broken)");
  return {};
}

}  // namespace pawl::ledger
