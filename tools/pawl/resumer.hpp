// Brings a session back under its broker after the broker was lost, from the relay loop and without holding
// it up: tries until it is answered. Runs in pawl.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sandbox/base/channel.hpp"
#include "supervisor/wire/paths.hpp"

namespace pawl::run {

class Resumer {
 public:
  using Clock = std::chrono::steady_clock;
  Resumer(wire::Paths paths, std::string session, std::string token)
      : paths_(std::move(paths)), session_(std::move(session)), token_(std::move(token)) {}

  void begin(Clock::time_point now);
  bool active() const { return stage_ != Stage::idle && stage_ != Stage::refused; }
  // The broker knows no such session any more: it was killed, or given up. Nothing of it may go on.
  bool refused() const { return stage_ == Stage::refused; }
  int fd() const { return channel_ ? channel_.fd() : -1; }
  Clock::time_point wakes() const { return wakes_; }
  enum class Event : std::uint8_t { readable, timer };
  // The broker's new channel for the launcher, once.
  std::optional<Channel> advance(Event event, Clock::time_point now);

 private:
  enum class Stage : std::uint8_t { idle, waiting, greeting, resuming, refused };
  void connect(Clock::time_point now);
  void retry(Clock::time_point now);
  template <class Message>
  void ask(const Message& message, Stage next, Clock::time_point now);
  void restart_broker(Clock::time_point now);

  wire::Paths paths_;
  std::string session_;
  std::string token_;
  Stage stage_ = Stage::idle;
  Channel channel_;
  std::chrono::milliseconds backoff_{0};
  Clock::time_point wakes_;
  std::optional<Clock::time_point> restarted_;
};

}  // namespace pawl::run
