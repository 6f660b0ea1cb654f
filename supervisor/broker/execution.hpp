// One approved action while it runs: its sandbox, its output, the secrets that must not come out of it.
// Runs in pawld; what the action prints was written by the action.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/broker/launch_link.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/broker/spawner.hpp"
#include "supervisor/policy/secret_store.hpp"

namespace pawl::broker {

struct NamedSecret {
  std::string variable;
  std::string name;
  policy::SecretValue value;
};

struct ExecutionResult {
  approval::Ending ending = approval::Ending::not_started;
  std::int32_t code = 0;
  std::string detail;
  std::string out, err;     // scrubbed
  bool overflowed = false;  // there was more than `output`
};

// Where the two standard streams go.
enum class Streams : std::uint8_t {
  apart,
  together,  // into one, as they come: all of it is `out`
};
// What happens to output beyond its bound.
enum class Excess : std::uint8_t { counted, fatal };

class Execution {
 public:
  struct Start {
    sandbox::LaunchPlan plan;      // as policy::lower_action made it, without secrets
    UniqueFd executable;           // verified
    std::vector<UniqueFd> inputs;  // pinned copies, in the plan's order
    std::vector<NamedSecret> secrets;
    std::size_t output = 0;  // bytes kept of each stream; what is beyond is counted and said
    Streams streams = Streams::apart;
    Excess excess = Excess::counted;
  };

  // Nothing runs before begin(); killed before that, it never does. `finished` as below.
  static std::unique_ptr<Execution> prepare(Loop& loop, Spawner& spawner, Start start,
                                            std::function<void(ExecutionResult)> finished);
  void begin();
  // Begins at once; `finished` is called exactly once, from the loop.
  static std::unique_ptr<Execution> begin(Loop& loop, Spawner& spawner, Start start,
                                          std::function<void(ExecutionResult)> finished);
  // Everything in its sandbox dies; finished() follows.
  void kill(std::string why);  // said in the outcome

 private:
  struct Stream {
    UniqueFd pipe;
    std::string text;
    std::size_t lost = 0;  // bytes beyond `output_`
    std::unique_ptr<Loop::Handle> watch;
  };

  Execution(Loop& loop, Spawner& spawner, Start start, std::function<void(ExecutionResult)> finished)
      : loop_(loop),
        spawner_(spawner),
        start_(std::move(start)),
        secrets_(std::move(start_.secrets)),
        output_(start_.output),
        excess_(start_.excess),
        finished_(std::move(finished)) {}

  Result<> launch(Start start);
  void hear(const sandbox::Report* report);
  void read(Stream& stream);
  void ended(approval::Ending ending, std::int32_t code, std::string detail);
  void finish();
  std::string text_of(Stream& stream) const;

  Loop& loop_;
  Spawner& spawner_;
  Start start_;  // until it begins
  std::vector<NamedSecret> secrets_;
  std::size_t output_;
  Excess excess_;
  std::string limits_missing_;  // in words, for people
  std::function<void(ExecutionResult)> finished_;
  std::unique_ptr<LaunchLink> link_;
  Stream out_, err_;
  bool launched_ = false;
  bool over_ = false;
  std::string killed_;  // why, once it was
  ExecutionResult result_;
  std::unique_ptr<Loop::Handle> drain_;
};

}  // namespace pawl::broker
