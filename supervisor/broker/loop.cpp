#include "supervisor/broker/loop.hpp"

#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace pawl::broker {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Asio's handlers hold the state by shared_ptr; the handle's end clears `callback`, so a late event finds
// nothing.
struct WatchState : std::enable_shared_from_this<WatchState> {
  WatchState(asio::io_context& context, int fd, asio::posix::stream_descriptor::wait_type wanted,
             Loop::Callback call)
      : descriptor(context, fd), awaited(wanted), callback(std::move(call)) {}

  void arm() {
    descriptor.async_wait(awaited, [self = shared_from_this()](const error_code& error) {
      if (error || !self->callback) return;
      if (self->ready()) {
        const Loop::Callback call = self->callback;
        call();
      }
      if (self->callback) self->arm();
    });
  }

  // Asio hands the record of a descriptor that is let go to the next one, with an event that still waits
  // there: what ended would seem to be the other's news.
  bool ready() {
    pollfd looked{descriptor.native_handle(),
                  static_cast<short>(awaited == asio::posix::stream_descriptor::wait_read ? POLLIN : POLLOUT),
                  0};
    return ::poll(&looked, 1, 0) != 0;
  }

  asio::posix::stream_descriptor descriptor;
  asio::posix::stream_descriptor::wait_type awaited;
  Loop::Callback callback;
};

class WatchHandle : public Loop::Handle {
 public:
  explicit WatchHandle(std::shared_ptr<WatchState> state) : state_(std::move(state)) {}
  ~WatchHandle() override {
    state_->callback = nullptr;
    state_->descriptor.release();  // the descriptor is the caller's
  }

 private:
  std::shared_ptr<WatchState> state_;
};

struct TimerState {
  TimerState(asio::io_context& context, Loop::Callback call) : timer(context), callback(std::move(call)) {}
  asio::steady_timer timer;
  Loop::Callback callback;
};

class TimerHandle : public Loop::Handle {
 public:
  explicit TimerHandle(std::shared_ptr<TimerState> state) : state_(std::move(state)) {}
  ~TimerHandle() override {
    state_->callback = nullptr;
    state_->timer.cancel();
  }

 private:
  std::shared_ptr<TimerState> state_;
};

}  // namespace

struct Loop::Machinery {
  std::unique_ptr<Handle> watch(int fd, asio::posix::stream_descriptor::wait_type wanted, Callback callback) {
    auto state = std::make_shared<WatchState>(context, fd, wanted, std::move(callback));
    state->arm();
    return std::make_unique<WatchHandle>(std::move(state));
  }

  asio::io_context context{1};
  asio::signal_set signals{context};
};

Loop::Loop() : machinery_(std::make_unique<Machinery>()) {}
Loop::~Loop() = default;

std::unique_ptr<Loop::Handle> Loop::on_readable(int fd, Callback callback) {
  return machinery_->watch(fd, asio::posix::stream_descriptor::wait_read, std::move(callback));
}

std::unique_ptr<Loop::Handle> Loop::on_writable(int fd, Callback callback) {
  return machinery_->watch(fd, asio::posix::stream_descriptor::wait_write, std::move(callback));
}

std::unique_ptr<Loop::Handle> Loop::after(std::chrono::milliseconds time, Callback callback) {
  auto state = std::make_shared<TimerState>(machinery_->context, std::move(callback));
  state->timer.expires_after(time);
  state->timer.async_wait([state](const error_code& error) {
    if (error || !state->callback) return;
    const Callback call = std::move(state->callback);
    state->callback = nullptr;
    call();
  });
  return std::make_unique<TimerHandle>(std::move(state));
}

void Loop::soon(Callback callback) { asio::post(machinery_->context, std::move(callback)); }

void Loop::on_termination(Callback callback) {
  machinery_->signals.add(SIGTERM);
  machinery_->signals.add(SIGINT);
  machinery_->signals.async_wait([callback = std::move(callback)](const error_code& error, int) {
    if (!error) callback();
  });
}

void Loop::run() { machinery_->context.run(); }
void Loop::stop() { machinery_->context.stop(); }

}  // namespace pawl::broker
