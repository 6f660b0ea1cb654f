// One MCP client's conversation: takes its lines, runs its calls against the broker side by side, and gives
// back the messages to send. Never blocks and touches neither stdin nor stdout: server.cpp does. Runs in the
// sandbox; reads the agent's bytes and the broker's answers.
#pragma once

#include <poll.h>

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/pawl-agent/errand.hpp"
#include "tools/pawl-agent/mcp/message.hpp"
#include "tools/pawl-agent/mcp/replies.hpp"

namespace pawl::agent::mcp {

inline constexpr std::size_t kMaxJobs = 32;  // calls under way at once

class Conversation {
 public:
  using Send = std::function<void(const boost::json::object&)>;
  Conversation(std::string socket, Send send) : socket_(std::move(socket)), send_(std::move(send)) {}

  void take_line(std::string_view line, Clock::time_point now);
  void take_overlong_line();

  bool idle() const { return jobs_.empty(); }
  // What to poll for, and until when; then advance() with the same vector.
  Clock::time_point watch(std::vector<pollfd>& watched, Clock::time_point now) const;
  void advance(const std::vector<pollfd>& watched, Clock::time_point now);

 private:
  // A request that is answered later.
  struct Job {
    boost::json::value id;
    Era era = Era::legacy;
    std::string tool;  // empty: tools/list
    boost::json::object arguments;
    boost::json::value token;  // of progress; null: none wanted
    Clock::time_point started;
    Clock::time_point next_progress;
    std::int64_t progress = 0;
    Errand errand;
  };

  void take_call(Call call, Clock::time_point now);
  void take_notice(const Notice& notice);
  std::optional<Era> era_of(const Call& call);
  void list_tools(const Call& call, Era era, Clock::time_point now);
  void call_tool(const Call& call, Era era, Clock::time_point now);
  void add(Job job);
  // Whether the job goes on.
  bool settle(Job& job, Clock::time_point now);
  bool begin_action(Job& job, Clock::time_point now);
  bool report(Job& job);
  void show_progress(Job& job, Clock::time_point now);

  std::string socket_;
  Send send_;
  bool initialized_ = false;
  std::vector<wire::ActionInfo> actions_;  // as the broker last told
  std::map<std::string, Job> jobs_;        // by serialized id
};

}  // namespace pawl::agent::mcp
