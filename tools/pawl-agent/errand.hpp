// One conversation with the broker for one call: connect, greet, perhaps propose, then wait until the request
// is final or the time is up. Never blocks: a poll loop drives it, so that one MCP server runs many. A broker
// that goes away is looked for again until the time is up; asking again for the same joins the request that
// is pending already. Runs in the sandbox; reads the broker's answers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "sandbox/base/channel.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "tools/pawl-agent/proposal.hpp"
#include "tools/trouble.hpp"

namespace pawl::agent {

using Clock = std::chrono::steady_clock;

struct ListActions {};
struct Follow {
  std::string id;
};
using Goal = std::variant<ListActions, Wish, Follow>;
using Answer = std::variant<wire::AgentWelcome, wire::RequestStatus>;

struct ErrandPlan {
  std::string socket;
  Goal goal;
  std::chrono::milliseconds wait{0};
};

class Errand {
 public:
  Errand(ErrandPlan plan, Clock::time_point now);

  // To be polled for input; -1: nothing to poll now.
  int fd() const { return channel_ ? channel_.fd() : -1; }
  // advance() is due at this time at the latest.
  Clock::time_point wakes() const { return wakes_; }
  enum class Event : std::uint8_t { readable, timer };
  void advance(Event event, Clock::time_point now);

  // Set once it is over.
  const std::optional<tools::Outcome<Answer>>& outcome() const { return outcome_; }
  // The latest word on the request, while it waits.
  const std::optional<wire::RequestStatus>& status() const { return status_; }

 private:
  enum class Stage : std::uint8_t { disconnected, greeting, proposing, awaiting };

  void connect(Clock::time_point now);
  void lose(std::string why, Clock::time_point now);
  void read(Clock::time_point now);
  void take_welcome(const Packet& packet, Clock::time_point now);
  void take_status(const Packet& packet, Clock::time_point now);
  void propose(const wire::AgentWelcome& welcome, Clock::time_point now);
  void await(const std::string& id, Clock::time_point now);
  template <class Message>
  void ask(const Message& message, Stage next, std::chrono::milliseconds patience, Clock::time_point now,
           std::span<const int> descriptors = {});
  void finish(tools::Outcome<Answer> outcome);

  ErrandPlan plan_;
  Clock::time_point deadline_;
  Clock::time_point wakes_;
  std::chrono::milliseconds backoff_;
  Stage stage_ = Stage::disconnected;
  Channel channel_;
  std::optional<wire::RequestStatus> status_;
  std::optional<tools::Outcome<Answer>> outcome_;
};

// Drives one errand to its end.
tools::Outcome<Answer> run_errand(ErrandPlan plan);

}  // namespace pawl::agent
