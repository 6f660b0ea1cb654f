#include "tools/pawl/typing.hpp"

#include <algorithm>
#include <array>

namespace pawl::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenKeys{1'000};  // of somebody who is typing
constexpr milliseconds kStopTime{5'000};     // from Ctrl-Z until the command has stopped for it

// Behind these nothing of a line follows: Return, and what interrupts, ends and stops.
constexpr std::string_view kLineEnds("\r\n\x03\x04\x1a", 5);

// Ctrl-Z, as plain terminals, the kitty keyboard protocol and xterm's modifyOtherKeys spell it.
constexpr std::array<std::string_view, 3> kStops = {"\x1a", "\x1b[122;5", "\x1b[27;5;122~"};

}  // namespace

void Typing::see(std::string_view keys, Clock::time_point now) {
  if (keys.empty()) return;
  typed_ = now;
  line_ = kLineEnds.find(keys.back()) == std::string_view::npos ? Line::begun : Line::ended;
  const auto stops = [keys](std::string_view key) { return keys.find(key) != std::string_view::npos; };
  if (std::ranges::any_of(kStops, stops)) stopped_ = now;
}

bool Typing::goes_on(Clock::time_point now) const {
  return line_ == Line::begun && now < typed_ + kBetweenKeys;
}

bool Typing::take_stop(Clock::time_point now) {
  const bool stopped = stopped_ && now < *stopped_ + kStopTime;
  stopped_.reset();
  return stopped;
}

}  // namespace pawl::run
