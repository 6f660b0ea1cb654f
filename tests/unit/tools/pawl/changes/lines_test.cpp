// Hunks, and the check that keeps whoever compares from showing a false one.
#include "tools/pawl/changes/lines.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tools/pawl/changes/compare.hpp"

using namespace pawl::changes;

namespace {

// /proc/PID/status of the child that this process has.
std::string status_of_child() {
  const std::string parent = "\nPPid:\t" + std::to_string(::getpid()) + "\n";
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(process.path() / "status");
    const std::string status((std::istreambuf_iterator<char>(file)), {});
    if (status.find(parent) != std::string::npos) return status;
  }
  return "none";
}

std::string shown(std::string_view old_text, std::string_view new_text, const std::vector<Range>& ranges) {
  const Lines old_lines = split_lines(old_text);
  const Lines new_lines = split_lines(new_text);
  REQUIRE(holds(old_lines, new_lines, ranges));
  std::string text;
  for (const Hunk& hunk : hunks(old_lines, new_lines, ranges)) {
    text += "@" + std::to_string(hunk.old_from) + "," + std::to_string(hunk.old_count) + " " +
            std::to_string(hunk.new_from) + "," + std::to_string(hunk.new_count) + "\n";
    for (const HunkLine& line : hunk.lines) text += line.kind + std::string(line.text);
  }
  return text;
}

// The new text, made of the old one and the ranges.
std::string rebuilt(std::string_view old_text, std::string_view new_text, const std::vector<Range>& ranges) {
  const Lines old_lines = split_lines(old_text);
  const Lines new_lines = split_lines(new_text);
  std::string text;
  std::uint32_t at = 0;
  for (const Range& range : ranges) {
    for (; at < range.old_from; ++at) text += old_lines[at];
    for (std::uint32_t i = 0; i < range.new_count; ++i) text += new_lines[range.new_from + i];
    at += range.old_count;
  }
  for (; at < old_lines.size(); ++at) text += old_lines[at];
  return text;
}

}  // namespace

TEST_CASE("a hunk has three lines of context, and near ones are one") {
  const std::string old_text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n";
  std::string new_text = old_text;
  new_text.replace(new_text.find("5\n"), 2, "five\n");
  new_text.replace(new_text.find("11\n"), 3, "");
  CHECK(shown(old_text, new_text, {{4, 1, 4, 1}, {10, 1, 10, 0}}) ==
        "@2,13 2,12\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n-11\n 12\n 13\n 14\n");
  new_text += "21\n";
  CHECK(shown(old_text, new_text, {{4, 1, 4, 1}, {10, 1, 10, 0}, {20, 0, 19, 1}}) ==
        "@2,13 2,12\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n-11\n 12\n 13\n 14\n@18,3 17,4\n 18\n 19\n "
        "20\n+21\n");
}

TEST_CASE("an empty side is counted from the line before") {
  CHECK(shown("", "a\nb", {{0, 0, 0, 2}}) == "@0,0 1,2\n+a\n+b");
  CHECK(shown("a\n", "", {{0, 1, 0, 0}}) == "@1,1 0,0\n-a\n");
}

TEST_CASE("ranges that would hide a difference are refused") {
  const Lines old_lines = split_lines("a\nb\nc\n");
  const Lines new_lines = split_lines("a\nX\nc\nY\n");
  CHECK(holds(old_lines, new_lines, {{1, 1, 1, 1}, {3, 0, 3, 1}}));
  CHECK(holds(old_lines, new_lines, everything(old_lines, new_lines)));
  CHECK_FALSE(holds(old_lines, new_lines, {}));
  CHECK_FALSE(holds(old_lines, new_lines, {{1, 1, 1, 1}}));
  CHECK_FALSE(holds(old_lines, new_lines, {{3, 0, 3, 1}}));
  CHECK_FALSE(holds(old_lines, new_lines, {{1, 1, 1, 1}, {3, 0, 3, 2}}));
  CHECK_FALSE(holds(old_lines, new_lines, {{3, 0, 3, 1}, {1, 1, 1, 1}}));
  CHECK_FALSE(holds(old_lines, new_lines, {{0, 0xffffffff, 0, 0xffffffff}}));
  CHECK_FALSE(holds(old_lines, new_lines, {{1, 1, 1, 1}, {2, 0xffffffff, 2, 2}, {1, 0, 4, 0}}));
}

TEST_CASE("pawl-hunks compares texts of every kind, and its answers hold") {
  Comparer comparer{PAWL_HUNKS};
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string old_text, new_text;
    for (int line = 0; line < 60; ++line) {
      const std::string text(1 + random() % 3, static_cast<char>('a' + random() % 4));
      if (random() % 4 != 0) old_text += text + "\n";
      if (random() % 4 != 0) new_text += text + "\n";
    }
    if (random() % 2 == 0 && !new_text.empty()) new_text.pop_back();
    const auto difference = comparer.compare(old_text, new_text);
    CHECK(difference.by == Comparer::Difference::By::lines);
    CHECK(rebuilt(old_text, new_text, difference.ranges) == new_text);
  }
}

TEST_CASE("pawl-hunks has put its filter on before it answers") {
  Comparer comparer{PAWL_HUNKS};
  CHECK(comparer.compare("a\n", "b\n").by == Comparer::Difference::By::lines);
  const std::string status = status_of_child();
  CHECK_THAT(status, Catch::Contains("pawl-hunks") && Catch::Contains("\nNoNewPrivs:\t1\n") &&
                         Catch::Contains("\nSeccomp:\t2\n"));
}

TEST_CASE("pawl-hunks stands texts that are made to be slow") {
  Comparer comparer{PAWL_HUNKS};
  std::string old_text, new_text;
  std::mt19937 random(7);
  while (old_text.size() < kMaxText / 2) old_text += std::to_string(random() % 1000) + "\n";
  while (new_text.size() < kMaxText / 2) new_text += std::to_string(random() % 1000) + "\n";
  const auto difference = comparer.compare(old_text, new_text);
  CHECK(holds(split_lines(old_text), split_lines(new_text), difference.ranges));
}

TEST_CASE("without a program that answers, all of the old is replaced by all of the new, and that is said") {
  Comparer missing{"/nonexistent/pawl-hunks"};
  const auto difference = missing.compare("a\nb\n", "a\nc\n");
  CHECK(difference.by == Comparer::Difference::By::whole);
  CHECK(holds(split_lines("a\nb\n"), split_lines("a\nc\n"), difference.ranges));
  Comparer liar{"/bin/true"};
  CHECK(liar.compare("a\nb\n", "a\nc\n").by == Comparer::Difference::By::whole);
}
