// The broker's single thread of events: readable descriptors and timers. A handle that is destroyed takes its
// callback with it, also from within a callback. Runs in pawld.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace pawl::broker {

class Loop {
 public:
  using Callback = std::function<void()>;

  // What keeps one watch or timer alive.
  class Handle {
   public:
    virtual ~Handle() = default;
  };

  Loop();
  ~Loop();

  // Calls back whenever `fd` is readable or has hung up. The descriptor stays the caller's and outlives the
  // handle.
  [[nodiscard]] std::unique_ptr<Handle> on_readable(int fd, Callback callback);
  // The same for room to write; called again and again while there is some.
  [[nodiscard]] std::unique_ptr<Handle> on_writable(int fd, Callback callback);
  [[nodiscard]] std::unique_ptr<Handle> after(std::chrono::milliseconds time, Callback callback);
  // Once, from the loop, when the running callback has returned.
  void soon(Callback callback);
  // SIGTERM and SIGINT.
  void on_termination(Callback callback);

  void run();
  void stop();

 private:
  struct Machinery;
  std::unique_ptr<Machinery> machinery_;
};

}  // namespace pawl::broker
