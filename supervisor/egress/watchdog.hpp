// Calls one function when nothing renewed it in time. Runs in pawl-egress, on its only thread.
#pragma once

#include <functional>
#include <memory>

#include "supervisor/egress/asio.hpp"

namespace pawl::egress {

class Watchdog {
 public:
  explicit Watchdog(asio::io_context& io) : state_(std::make_shared<State>(io)) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() { rest(); }

  void watch(Duration limit, std::function<void()> bite);
  void renew();  // the same limit, from now on
  void rest();
  bool has_bitten() const { return state_->bitten; }  // since the last watch()

 private:
  struct State {
    explicit State(asio::io_context& io) : timer(io) {}
    asio::steady_timer timer;
    Duration limit{};
    std::function<void()> bite;
    bool bitten = false;
  };
  static void arm(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace pawl::egress
