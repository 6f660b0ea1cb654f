// What must not leave the broker before the ledger has what it rests on: answers, launches, notices. Many
// changes share one sync that way. Runs in pawld.
#pragma once

#include <functional>

namespace pawl::broker {

class Hold {
 public:
  using Effect = std::move_only_function<void()>;

  virtual ~Hold() = default;
  // Everything that was recorded so far is durable.
  virtual bool durable() const = 0;
  // Once it is: at once, or with the end of this turn of the loop. Never after the ledger has failed.
  virtual void when_durable(Effect effect) = 0;
};

}  // namespace pawl::broker
