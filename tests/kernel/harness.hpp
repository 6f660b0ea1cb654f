// A small client of pawl-launch for the kernel tests. Sandboxes are started as an ordinary user, also when
// the tests run as root. Everything that is started has a time limit and dies with its Session.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/plan.hpp"

namespace pawl::testing {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kOrdinaryId = 65533;  // taken when the tests run as root

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};
// Who sandboxes are run as: the caller, or, for root, an unprivileged id without groups.
User ordinary_user();
bool running_as_root();

// A folder of the ordinary user, removed at the end, with the programs under test and a workspace.
class Ground {
 public:
  // Below `place`, which every user may write to and its file system is tested.
  explicit Ground(const std::string& place = "/tmp");
  Ground(const Ground&) = delete;
  ~Ground();

  const std::string& path() const { return path_; }
  std::string launcher() const { return path_ + "/pawl-launch"; }
  std::string probe() const { return path_ + "/probe"; }
  std::string workspace() const { return path_ + "/workspace"; }
  // Both belong to the ordinary user.
  void write(const std::string& relative, const std::string& text) const;
  void make_directory(const std::string& relative) const;
  std::string read(const std::string& relative) const;

 private:
  std::string path_;
};

enum class As { ordinary, root };
// Whether pawl-launch is told to prepare before it gets the plan, as `pawl run` does.
enum class Prepare { where_it_fits, always, never };

struct Outcome {
  bool launched = false;
  sandbox::Report failure;  // unless launched
  int status = -1;          // as of wait(2)
  bool timed_out = false;
  std::string output;  // of descriptor 1 and 2
  sandbox::Appeared appeared;
  sandbox::Report end;  // when it has ended
  // Lines NAME=VALUE of the probe.
  std::map<std::string, std::string> facts() const;
  int exit_code() const;
};

// A plan that runs the probe at /probe with /usr, /proc, /dev, /tmp and the workspace at /workspace.
sandbox::LaunchPlan probe_plan(const Ground& ground, std::vector<std::string> arguments);
// A shell command in the same sandbox.
sandbox::LaunchPlan shell_plan(const Ground& ground, const std::string& script);

class Session {
 public:
  struct Options {
    As as = As::ordinary;
    bool with_broker = false;
    Prepare prepare = Prepare::where_it_fits;
    std::vector<int>
        descriptors;          // those that the plan indexes, after the two that Session adds (stdin, output)
    std::vector<int> leaked;  // inherited by pawl-launch without CLOEXEC, as 20, 21, …
    std::vector<std::string> environment = {"PATH=/usr/bin:/bin"};  // pawl-launch's own
    std::vector<std::string> variables;                             // the client's, for the plan to inherit
    std::string cgroup;                                             // where pawl-launch starts; needs root
    void (*before_exec)() = nullptr;                                // in pawl-launch's process
    std::chrono::milliseconds patience = 10s;                       // for the launch; 0: nobody waits for it
    Bytes modes;  // of the terminal, as the command has them
    sandbox::TerminalSize size;
  };

  Session(const Ground& ground, const sandbox::LaunchPlan& plan) : Session(ground, plan, Options{}) {}
  Session(const Ground& ground, const sandbox::LaunchPlan& plan, const Options& options);
  Session(const Session&) = delete;
  ~Session();

  bool launched() const { return launch_.kind == sandbox::ReportKind::launched; }
  const sandbox::Report& launch_report() const { return launch_; }
  // Those of the launched report: pidfd, then terminal or listeners.
  std::vector<UniqueFd>& handed() { return handed_; }
  int pidfd() const { return handed_.at(0).get(); }
  pid_t launcher() const { return launcher_; }
  // The caller ends and awaits pawl-launch from here on.
  pid_t disown() { return std::exchange(launcher_, -1); }
  Channel& client() { return client_; }
  Channel& broker() { return broker_; }
  void send(const sandbox::Command& command, std::vector<int> descriptors = {});
  // The next report on a channel, or nothing within the time.
  std::optional<sandbox::Report> next(Channel& channel, std::chrono::milliseconds time = 5s);
  std::vector<UniqueFd> last_descriptors;
  // Writes to the command's stdin.
  void type(const std::string& text);
  void close_stdin() { input_.reset(); }
  void forget_output();  // what was written so far
  // Output until `text` was seen, or the time is over.
  bool sees(const std::string& text, std::chrono::milliseconds time = 5s);
  // Waits for the end; kills what does not end in time.
  Outcome finish(std::chrono::milliseconds time = 10s);

 private:
  void read_output(std::chrono::milliseconds time);

  pid_t launcher_ = -1;
  Channel client_;
  Channel broker_;
  UniqueFd input_;
  UniqueFd output_;
  std::string seen_;
  sandbox::Report launch_;
  std::vector<UniqueFd> handed_;
};

Outcome run(const Ground& ground, const sandbox::LaunchPlan& plan,
            const Session::Options& options = Session::Options{});
// The probe on the host, as the same ordinary user: what an attack does without a sandbox.
Outcome unconfined(const Ground& ground, const std::vector<std::string>& arguments);

// How long to wait for what should take so long.
std::chrono::milliseconds patience(std::chrono::milliseconds time);

bool becomes_readable(int descriptor, std::chrono::milliseconds time);

}  // namespace pawl::testing
