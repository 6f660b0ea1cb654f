#include "supervisor/ledger/entry.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/merkle.hpp"

using namespace pawl;
using ledger::Entry;
using ledger::Kind;
using ledger::read_entry;
using ledger::write_entry;

namespace {

Entry sample() { return {3, 1'780'000'000'123, Kind::consume, {{"request", "abc"}}, {}}; }

}  // namespace

TEST_CASE("an entry is one line of canonical JSON and is read back as it was written") {
  const std::string line = write_entry(sample()).value();
  CHECK(line == R"({"body":{"request":"abc"},"index":3,"kind":"consume","time":1780000000123})");
  const Entry entry = read_entry(line).value();
  CHECK(entry.index == 3);
  CHECK(entry.kind == Kind::consume);
  CHECK(entry.body == sample().body);
  CHECK(entry.hash == receipt::leaf_hash(as_bytes(line)));
  CHECK(write_entry(entry).value() == line);
}

TEST_CASE("every kind has a word of its own") {
  std::vector<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(last_of(Kind{})); ++kind)
    words.push_back(word(static_cast<Kind>(kind)));
  CHECK(words.front() == "boot");
  CHECK(words.back() == "egress");
  std::ranges::sort(words);
  CHECK(std::ranges::adjacent_find(words) == words.end());
}

TEST_CASE("a line that is not exactly an entry is refused") {
  const std::string good = write_entry(sample()).value();
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string line = good;
    return line.replace(line.find(from), from.size(), to);
  };
  CHECK_FALSE(read_entry(""));
  CHECK_FALSE(read_entry(good + " "));
  CHECK_FALSE(read_entry(with("consume", "burn")));
  CHECK_FALSE(read_entry(with(R"("index":3)", R"("index":-3)")));
  CHECK_FALSE(read_entry(with(R"("index":3)", R"("index":3,"more":1)")));
  CHECK_FALSE(read_entry(with(R"("index":3,)", "")));
  CHECK_FALSE(read_entry(with(R"({"request":"abc"})", R"("abc")")));
}

TEST_CASE("an entry is at most 65535 bytes") {
  Entry entry = sample();
  const std::size_t rest = write_entry(entry).value().size() - 3;
  entry.body["request"] = std::string(65535 - rest, 'x');
  CHECK(write_entry(entry).value().size() == 65535);
  CHECK(read_entry(write_entry(entry).value()));
  entry.body["request"] = std::string(65536 - rest, 'x');
  CHECK_FALSE(write_entry(entry));
}

TEST_CASE("an entry stands only where its index says") {
  const std::string line = write_entry(sample()).value();
  CHECK(ledger::read_entry_at(3, line));
  CHECK_FALSE(ledger::read_entry_at(4, line));
  CHECK_FALSE(ledger::read_entry_at(2, line));
}
