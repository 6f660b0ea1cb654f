// What a person is doing at the keyboard, told from what they typed for the command: in the middle of a line,
// or stopping the job. Pure; reads the person's keystrokes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::run {

class Typing {
 public:
  using Clock = std::chrono::steady_clock;

  void see(std::string_view keys, Clock::time_point now);

  // The rest of a line is likely to follow, whoever reads it.
  bool goes_on(Clock::time_point now) const;
  // By Ctrl-Z, a moment ago. Once.
  bool take_stop(Clock::time_point now);

 private:
  enum class Line : std::uint8_t { ended, begun } line_ = Line::ended;
  Clock::time_point typed_;
  std::optional<Clock::time_point> stopped_;
};

}  // namespace pawl::run
