// A launcher killed between its system calls while it has a cgroup made, holds it, and removes it: neither
// the cgroup nor a process is left. What a killed launcher leaves becomes a child of this process.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/kernel/orphanage.hpp"
#include "tests/kernel/traced.hpp"
#include "tests/vm/delegated.hpp"

using namespace pawl;
using namespace pawl::testing;

namespace {

// One launch after another, each in a session's cgroup with a command that ends at once.
class Launches {
 public:
  Launches(const Tree& tree, As as) : tree_(tree), as_(as) {
    plan_ = limited_plan(ground_, {"true"}, 64 * kMiB);
    if (as == As::root) plan_.uid = plan_.gid = kOrdinaryId;
    // The first one switches controllers on, which takes calls that no other one makes.
    REQUIRE(run(ground_, plan_, {.as = as_, .cgroup = tree_.home()}).exit_code() == 0);
  }

  // Before which of its calls the launcher first has the cgroup, and first has it no more; and how many
  // there are.
  struct Calls {
    int made = -1, gone = -1, all = 0;
  };
  Calls watch() {
    Calls calls;
    Session session(ground_, plan_, options());
    for (Traced launcher(session.disown()); launcher.go(); ++calls.all) {
      const bool is_there = !tree_.others().empty();
      if (is_there && calls.made < 0) calls.made = calls.all;
      if (!is_there && calls.made >= 0 && calls.gone < 0) calls.gone = calls.all;
    }
    REQUIRE(is_left_clean());
    return calls;
  }

  // Killed before that call.
  void kill_before(int call) {
    INFO("before call " << call);
    Session session(ground_, plan_, options());
    Traced launcher(session.disown());
    for (int made = 0; made <= call && launcher.go();) ++made;
    launcher.kill();
    REQUIRE(is_left_clean());
  }

 private:
  Session::Options options() const {
    return {.as = as_, .cgroup = tree_.home(), .before_exec = Traced::become, .patience = 0ms};
  }
  bool is_left_clean() const {
    return becomes_true([this] { return tree_.others().empty(); }, 1s) && orphanage_.empties();
  }

  const Tree& tree_;
  const As as_;
  const Ground ground_;
  const Orphanage orphanage_;
  sandbox::LaunchPlan plan_;
};

// Every call around the making and the removal, of the others some.
void kill_at_many_calls(Launches&& launches) {
  constexpr int kAround = 4, kStride = 24;
  const Launches::Calls calls = launches.watch();
  INFO("made before call " << calls.made << ", gone before " << calls.gone << " of " << calls.all);
  REQUIRE(calls.made > kAround);
  REQUIRE(calls.gone > calls.made + 50);  // the whole launch lies between
  for (int call = 0; call < calls.all; ++call) {
    const int distance = std::min(std::abs(call - calls.made), std::abs(call - calls.gone));
    if (distance <= kAround || call % kStride == 0) launches.kill_before(call);
  }
}

}  // namespace

TEST_CASE("a launcher that is killed before any of its system calls leaves no cgroup and no process") {
  SECTION("an ordinary user's") {
    const Tree tree("alice");
    kill_at_many_calls(Launches(tree, As::ordinary));
  }
  SECTION("root's, which cannot remove it any more itself") {
    const Tree tree("broker", "+memory +cpu +io +pids", 0);
    kill_at_many_calls(Launches(tree, As::root));
  }
}
