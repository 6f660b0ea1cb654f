#include "supervisor/egress/watchdog.hpp"

namespace pawl::egress {

void Watchdog::watch(Duration limit, std::function<void()> bite) {
  state_->limit = limit;
  state_->bite = std::move(bite);
  state_->bitten = false;
  arm(state_);
}

void Watchdog::renew() {
  if (state_->bite) arm(state_);
}

void Watchdog::rest() {
  state_->bite = nullptr;
  state_->timer.cancel();
}

void Watchdog::arm(const std::shared_ptr<State>& state) {
  state->timer.expires_after(state->limit);
  state->timer.async_wait([weak = std::weak_ptr<State>(state)](const error_code& error) {
    const std::shared_ptr<State> alive = weak.lock();
    // Renewed after this handler was queued: the later one decides.
    if (error || !alive || !alive->bite || alive->timer.expiry() > std::chrono::steady_clock::now()) return;
    alive->bitten = true;
    const auto bite = std::exchange(alive->bite, nullptr);
    bite();
  });
}

}  // namespace pawl::egress
