#include "tools/pawl/cli/output.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <cstdio>

using namespace pawl;

namespace {

std::string said_by_shell(const std::string& word) {
  FILE* const pipe = ::popen(("printf %s " + word).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string said(4096, '\0');
  said.resize(std::fread(said.data(), 1, said.size(), pipe));
  REQUIRE(::pclose(pipe) == 0);
  return said;
}

}  // namespace

TEST_CASE("a word for a shell is read back as it was, whatever an agent called its file") {
  for (const std::string name : {"plain-name_1.c", "a b", "it's", "'; touch /tmp/x; '", "$(id)", "`id`",
                                 "a\\b", "\"q\"", "*", "~", "#x", "", "-n", "!x"}) {
    INFO(name);
    const auto word = cli::shell_word(name);
    REQUIRE(word);
    CHECK(said_by_shell(*word) == name);
  }
  CHECK_FALSE(cli::shell_word("a\nb"));
  CHECK_FALSE(cli::shell_word("a\x1b[2Jb"));
  CHECK_FALSE(cli::shell_word("a\x7f"));
  CHECK_FALSE(cli::shell_word("\u202egpj.exe"));
}

TEST_CASE("JSON for a terminal is ASCII and means the same") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int out = ::dup(1);
  const boost::json::value value = {{"name", "\u009b2J \u202e \u00e9 \U0001f600 plain"}};
  ::dup2(ends[1], 1);
  const auto printed = cli::print_json(value);
  ::dup2(out, 1);
  ::close(out);
  ::close(ends[1]);
  REQUIRE(printed);
  std::string said(4096, '\0');
  said.resize(static_cast<std::size_t>(::read(ends[0], said.data(), said.size())));
  ::close(ends[0]);
  for (const char c : said) CHECK((c == '\n' || (c >= 0x20 && c < 0x7f)));
  CHECK(boost::json::parse(said) == value);
}
