#include "tools/pawl/answers.hpp"

#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include "sandbox/terminal_guard.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kSilence{1'000};
constexpr milliseconds kLimit{5'000};

bool is_over(ssize_t size) { return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR); }

}  // namespace

LastQuestion LastQuestion::invent(const winsize& size) {
  std::array<std::uint32_t, 6> random{};
  // Never fails for so few bytes; places that can be foreseen still end the waiting.
  if (::getrandom(random.data(), sizeof(random), 0) < 0) random.fill(0);
  std::array<Place, 3> places;
  for (std::size_t i = 0; i < places.size(); ++i)
    places[i] = {1 + random[2 * i] % std::max<unsigned>(size.ws_row, 1),
                 1 + random[2 * i + 1] % std::max<unsigned>(size.ws_col, 1)};
  return LastQuestion(places);
}

std::string LastQuestion::question() const {
  std::string text =
      "\x1b"
      "7";
  for (const Place& place : places_)
    text += "\x1b[" + std::to_string(place.row) + ";" + std::to_string(place.column) + "H\x1b[6n";
  return text +
         "\x1b"
         "8";
}

std::string LastQuestion::answer() const {
  std::string text;
  for (const Place& place : places_)
    text += "\x1b[" + std::to_string(place.row) + ";" + std::to_string(place.column) + "R";
  return text;
}

void take_answers(int terminal, const LastQuestion& last) noexcept {
  sandbox::write_bounded(terminal, last.question());
  const std::string answer = last.answer();
  std::string seen;
  const auto limit = Clock::now() + kLimit;
  for (auto give_up = Clock::now() + kSilence; Clock::now() < std::min(give_up, limit);) {
    const auto left = std::chrono::ceil<milliseconds>(std::min(give_up, limit) - Clock::now());
    pollfd said{terminal, POLLIN, 0};
    if (::poll(&said, 1, static_cast<int>(std::max(left, milliseconds(0)).count())) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(terminal, buffer.data(), buffer.size());
    if (is_over(size)) return;
    if (size < 0) continue;
    give_up = Clock::now() + kSilence;
    seen.append(buffer.data(), static_cast<std::size_t>(size));
    if (seen.find(answer) != std::string::npos) return;
    if (seen.size() > answer.size()) seen.erase(0, seen.size() - answer.size());
  }
}

}  // namespace pawl::run
