#include "tools/pawl/changes/journal.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"
#include "tools/pawl/changes/record.hpp"

using namespace pawl;
using namespace pawl::changes;
using Step = Operation::Step;

namespace {

Journal sample() {
  Journal journal{.nonce = "0123456789abcdef"};
  const Mark mark{Type::file, 0644, 7, 8, 9, 10};
  journal.operations = {
      {.step = Step::clear, .path = "a", .expected = mark, .in_the_way = true},
      {.step = Step::make_folder, .path = "a", .mode = 0755},
      {.step = Step::put_file, .path = "a/b", .mode = 0644, .source = mark},
      {.step = Step::put_link, .path = "a/l", .target = "b", .expected = mark},
      {.step = Step::clear, .path = "old", .expected = mark, .only_after = "a/b"},
      {.step = Step::clear_folder, .path = "d", .expected = mark},
      {.step = Step::set_mode, .path = "m", .mode = 0700, .expected = mark},
  };
  return journal;
}

// What a careless or hostile hand could have written: whole, and senseless.
bool is_refused(const std::function<void(Journal&)>& spoil) {
  Journal journal = sample();
  spoil(journal);
  return !read_journal(write_journal(journal));
}

}  // namespace

TEST_CASE("a journal is read as it was written") {
  const Bytes bytes = write_journal(sample());
  const auto read = read_journal(bytes);
  REQUIRE(read);
  CHECK(write_journal(*read) == bytes);
  CHECK(read->temporary(2) == ".pawl-0123456789abcdef-2");
}

TEST_CASE("a journal with any byte changed, missing or added is refused") {
  const Bytes bytes = write_journal(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= 1;
    CHECK_FALSE(read_journal(changed));
    CHECK_FALSE(read_journal(ByteSpan(bytes).first(i)));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(read_journal(longer));
}

TEST_CASE("a journal whose operations lead elsewhere or make no sense is refused") {
  CHECK_FALSE(is_refused([](Journal&) {}));
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a/."}) {
    INFO(path);
    CHECK(is_refused([&](Journal& journal) { journal.operations[0].path = path; }));
  }
  CHECK(is_refused([](Journal& journal) { journal.operations[0].path = std::string(5000, 'x'); }));
  CHECK(is_refused([](Journal& journal) { journal.operations[0].path = std::string("a\0b", 3); }));
  CHECK(is_refused([](Journal& journal) { journal.nonce = "../../../../etc/"; }));
  CHECK(is_refused([](Journal& journal) { journal.nonce = ""; }));
  CHECK(is_refused([](Journal& journal) { journal.operations[1].mode = 04755; }));
  CHECK(is_refused([](Journal& journal) { journal.operations[1].expected = Mark{}; }));
  CHECK(is_refused([](Journal& journal) { journal.operations[2].source.reset(); }));
  CHECK(is_refused([](Journal& journal) { journal.operations[3].target.clear(); }));
  CHECK(is_refused([](Journal& journal) { journal.operations[4].expected.reset(); }));
  CHECK(is_refused([](Journal& journal) { journal.operations[5].in_the_way = true; }));
  CHECK(is_refused([](Journal& journal) { journal.operations[6].source = Mark{}; }));
  CHECK(is_refused([](Journal& journal) { journal.operations[6].staged = Mark{}; }));
  CHECK(is_refused([](Journal& journal) { journal.phase = Journal::Phase::committing; }));
  CHECK_FALSE(is_refused([](Journal& journal) {
    journal.phase = Journal::Phase::committing;
    journal.operations[2].staged = Mark{};
    journal.operations[3].staged = Mark{};
  }));
}

TEST_CASE("a session's folder has a journal or none, and a damaged one is no licence to begin anew") {
  const test::TemporaryDirectory directory;
  const UniqueFd session(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(load_journal(session));
  CHECK_FALSE(load_journal(session)->has_value());
  REQUIRE(store_journal(session, sample(), real_steps()));
  CHECK(load_journal(session)->has_value());
  test::write_file(directory / kJournalFile, "pawl apply 2\nbut not whole");
  CHECK_FALSE(load_journal(session));
  REQUIRE(remove_journal(session, real_steps()));
  CHECK_FALSE(load_journal(session)->has_value());
}

TEST_CASE("session.json is read as it was written, and nothing else is") {
  const Record record{.session = std::string(64, 'a'),
                      .role = "coder",
                      .workspace = "/home/alice/\xff src",
                      .device = 0xffffffffffffffff,
                      .inode = 12,
                      .started = 1'780'000'000'000,
                      .protect = {"**/.git/hooks"},
                      .hide = {"**/.env"}};
  const std::string text = tools::text_of(record);
  const auto read = read_record(text);
  REQUIRE(read);
  CHECK(tools::text_of(*read) == text);
  CHECK(read->device == record.device);
  CHECK(read->workspace == record.workspace);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    return changed.replace(at, from.size(), to);
  };
  CHECK_FALSE(read_record(""));
  CHECK_FALSE(read_record("[]"));
  CHECK_FALSE(read_record(text + text));
  CHECK_FALSE(read_record(with("\"version\":1", "\"version\":2")));
  CHECK_FALSE(read_record(with("\"version\":1", "\"version\":1,\"more\":1")));
  CHECK_FALSE(read_record(with("\"role\":\"coder\",", "")));
  CHECK_FALSE(read_record(with("aaaa", "AAAA")));
  CHECK_FALSE(read_record(with("\"inode\":12", "\"inode\":-12")));
  CHECK_FALSE(read_record(with("\"inode\":12", "\"inode\":12.5")));
  CHECK_FALSE(read_record(with("1780000000000", "0")));
  CHECK_FALSE(read_record(with("1780000000000", "9999999999999999")));
  CHECK_FALSE(read_record(with("[\"**/.env\"]", "[1]")));
  CHECK_FALSE(read_record(with("\"/home", "\"home")));
}
