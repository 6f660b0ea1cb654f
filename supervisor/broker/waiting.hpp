// Answers that are owed until something happens or a time has passed.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <memory>

#include "supervisor/broker/connection.hpp"

namespace pawl::broker {

class Waiting {
 public:
  // True when it has answered.
  using Attempt = std::function<bool(Connection&)>;

  explicit Waiting(Loop& loop) : loop_(loop) {}

  // Tries at once, then at every change; `give_up` answers when `time` has passed.
  void wait(const ConnectionPtr& connection, std::chrono::milliseconds time, Attempt attempt,
            std::function<void(Connection&)> give_up) {
    if (attempt(*connection)) return;
    if (connection->closed()) return;
    auto& waiter = waiters_.emplace_back(Waiter{connection, std::move(attempt), nullptr});
    const auto place = std::prev(waiters_.end());
    waiter.timer = loop_.after(time, [this, place, give_up = std::move(give_up)] {
      const ConnectionPtr late = place->connection.lock();
      waiters_.erase(place);
      if (!late) return;
      late->when_closed(nullptr);
      if (!late->closed()) give_up(*late);
    });
    tie(*connection, place);
  }

  // Something changed: every waiter looks again.
  void changed() {
    for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
      const ConnectionPtr connection = waiter->connection.lock();
      if (connection) connection->when_closed(nullptr);  // answering may close it
      if (!connection || connection->closed() || waiter->attempt(*connection)) {
        waiter = waiters_.erase(waiter);
      } else {
        tie(*connection, waiter);
        ++waiter;
      }
    }
  }

  std::size_t size() const { return waiters_.size(); }

 private:
  struct Waiter {
    std::weak_ptr<Connection> connection;
    Attempt attempt;
    std::unique_ptr<Loop::Handle> timer;
  };

  // A waiter goes with its connection: otherwise a peer could pile them up by asking and leaving.
  void tie(Connection& connection, std::list<Waiter>::iterator place) {
    connection.when_closed([this, place] { waiters_.erase(place); });
  }

  Loop& loop_;
  std::list<Waiter> waiters_;
};

}  // namespace pawl::broker
