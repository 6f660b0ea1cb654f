// How often askers pressed against the limits, on its way to the ledger: one entry for an asker and a minute,
// because an entry for each refusal would let an agent keep the disk busy. The minute in which the broker is
// killed is lost. Runs in pawld; roles, actions and reasons may hold the agent's words.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/broker/loop.hpp"

namespace pawl::broker {

class LimitLog {
 public:
  using Write = std::function<Result<>(boost::json::object)>;

  LimitLog(Loop& loop, Write write) : loop_(loop), write_(std::move(write)) {}
  ~LimitLog() { flush(); }
  LimitLog(const LimitLog&) = delete;
  LimitLog& operator=(const LimitLog&) = delete;

  // `role`, `action` and `reason` of the last one stand in the entry.
  void add_refused(const approval::Asker& asker, const std::string& role, const std::string& action,
                   const std::string& reason);
  // They asked for what they are waiting for already.
  void add_joined(const approval::Asker& asker, const std::string& role, const std::string& action);
  void flush();

 private:
  struct Row {
    std::string role, action, reason;
    std::uint64_t refused = 0, joined = 0;
  };

  Row& row_of(const approval::Asker& asker, const std::string& role, const std::string& action);

  Loop& loop_;
  Write write_;
  std::map<approval::Asker, Row> rows_;
  std::unique_ptr<Loop::Handle> timer_;
};

}  // namespace pawl::broker
