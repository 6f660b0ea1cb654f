// A whole egress in a test: session, stand-in for pawld, agent. The session runs on a thread of this process,
// or is the real program.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "supervisor/egress/limits.hpp"
#include "supervisor/wire/service_messages.hpp"
#include "tests/unit/supervisor/egress/program.hpp"
#include "tests/unit/supervisor/egress/test_server.hpp"

namespace pawl::test {

inline constexpr char kRealKey[] = "sk-ant-api03-REAL-0123456789abcdef";

// What the stand-in broker says to a connect: a port of 127.0.0.1 to connect to, or a failure.
struct Verdict {
  std::uint16_t port = 0;
  std::string failure;
  std::string secret = kRealKey;
};

wire::Route plain_route(std::uint16_t port);
wire::Route tls_route(const std::string& host);

class Rig {
 public:
  struct Options {
    wire::Route route;
    std::string trust_store;  // PEM
    std::function<Verdict()> verdict;
    egress::Limits limits;
  };
  explicit Rig(Options options);
  // The program instead of a thread.
  Rig(Options options, const Program& program);
  ~Rig();

  Peer agent() const;  // a new connection of the agent's
  // One connection, one request, everything that came back.
  std::string ask(std::string_view request) const;
  // pawld goes away; how the session ended.
  Result<> lose_broker();
  std::vector<wire::EgressReport> reports() const;
  // Waits for that many, at most five seconds.
  std::vector<wire::EgressReport> reports(std::size_t count) const;

 private:
  void start_broker(Channel channel);
  void answer(const wire::EgressConnect& ask);
  void answer_all();

  Options options_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  Channel broker_;
  std::thread broker_thread_;
  std::thread session_thread_;
  pid_t program_ = -1;
  Result<> ended_;
  std::atomic<bool> over_ = false;
  mutable std::mutex mutex_;
  std::vector<wire::EgressReport> reports_;  // under mutex_
};

}  // namespace pawl::test
