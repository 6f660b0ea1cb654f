#include "tools/pawl/gate/once_list.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using Catch::Contains;

namespace {

gate::Released released(char digit = 'a', const std::string& audience = "prod") {
  return {audience, std::string(64, digit), "pipeline", "deploy", "dave", {"alice", "bob"}, 2};
}
const std::string kCommit = "git:" + std::string(40, 'c');

}  // namespace

TEST_CASE("a receipt is marked once, and the second use is refused") {
  const test::TemporaryDirectory list;
  REQUIRE(gate::burn(list.path(), released(), kCommit, 7));
  CHECK(test::read_file(list / (std::string(64, 'a') + "@prod")) == "7 " + kCommit + "\n");
  const auto again = gate::burn(list.path(), released(), kCommit, 8);
  REQUIRE_FALSE(again);
  CHECK_THAT(again.error().trail, Contains("was used before"));
  CHECK(gate::burn(list.path(), released('b'), kCommit, 8));
  CHECK(gate::burn(list.path(), released('a', "other"), kCommit, 8));
}

TEST_CASE("a burned list that is missing, is a file or is everybody's is refused") {
  const test::TemporaryDirectory list;
  CHECK_THAT(gate::burn(list / "missing", released(), kCommit, 1).error().trail, Contains("burned list"));
  test::write_file(list / "file", "");
  CHECK_FALSE(gate::burn(list / "file", released(), kCommit, 1));
  REQUIRE(::chmod(list.path().c_str(), 01777) == 0);
  CHECK_THAT(gate::burn(list.path(), released(), kCommit, 1).error().trail,
             Contains("can be changed by everybody"));
}

TEST_CASE("a mark cannot be led elsewhere by a link") {
  const test::TemporaryDirectory list;
  const std::string target = list / "target";
  REQUIRE(::symlink(target.c_str(), (list / (std::string(64, 'a') + "@prod")).c_str()) == 0);
  CHECK_FALSE(gate::burn(list.path(), released(), kCommit, 1));
  CHECK(::access(target.c_str(), F_OK) != 0);
}

TEST_CASE("of many processes that race for one receipt exactly one wins") {
  const test::TemporaryDirectory list;
  for (char digit = '0'; digit <= '9'; ++digit) {
    int start[2];
    REQUIRE(::pipe(start) == 0);
    std::vector<pid_t> runners;
    for (int i = 0; i < 8; ++i) {
      const pid_t runner = ::fork();
      if (runner == 0) {
        char byte = 0;
        ::close(start[1]);
        (void)!::read(start[0], &byte, 1);  // all at once: the pipe closes
        ::_exit(gate::burn(list.path(), released(digit), kCommit, i) ? 0 : 1);
      }
      runners.push_back(runner);
    }
    ::close(start[0]);
    ::close(start[1]);
    int winners = 0;
    for (const pid_t runner : runners) {
      int status = 0;
      REQUIRE(::waitpid(runner, &status, 0) == runner);
      winners += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    CHECK(winners == 1);
  }
}
