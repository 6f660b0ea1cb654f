// The spawner: a child of pawld, forked before threads and secrets exist, that starts pawl-launch and the
// operator's notifier. It holds nothing and reads only pawld's frames (wire::Spawn).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::broker {

class Spawner {
 public:
  // Forks. Capabilities for changing the uid (system home) stay with the child; the caller drops its own
  // afterwards. SAFETY: call while the process has one thread and no secret.
  static Result<Spawner> start(const std::string& launch_program);

  // Starts pawl-launch; what is returned speaks sandbox/launch_protocol.hpp as its client. Its end is the
  // launcher's.
  Result<Channel> launch() const;
  // Starts the operator's command with `input` as standard input; nobody waits for it.
  Result<> notify(const std::vector<std::string>& argv, const std::string& input) const;

  // Readable when the spawner is gone.
  int fd() const { return channel_.fd(); }

 private:
  explicit Spawner(Channel channel) : channel_(std::move(channel)) {}
  Channel channel_;
};

}  // namespace pawl::broker
