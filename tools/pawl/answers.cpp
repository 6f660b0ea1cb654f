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

struct Patience {
  milliseconds silence;
  milliseconds limit;
};
constexpr Patience kForAnswers{milliseconds(2'000), milliseconds(60'000)};
constexpr Patience kForKeys{milliseconds(500), milliseconds(5'000)};

enum class Enough : std::uint8_t { no, yes };

bool is_over(ssize_t size) { return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR); }

// Until `see` has enough of what comes, or our patience is over.
template <class See>
void take(int terminal, Patience patience, See see) {
  const auto limit = Clock::now() + patience.limit;
  for (auto give_up = Clock::now() + patience.silence; Clock::now() < std::min(give_up, limit);) {
    const auto left = std::chrono::ceil<milliseconds>(std::min(give_up, limit) - Clock::now());
    pollfd said{terminal, POLLIN, 0};
    if (::poll(&said, 1, static_cast<int>(std::max(left, milliseconds(0)).count())) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(terminal, buffer.data(), buffer.size());
    if (is_over(size)) return;
    if (size < 0) continue;
    give_up = Clock::now() + patience.silence;
    if (see(std::string_view(buffer.data(), static_cast<std::size_t>(size))) == Enough::yes) return;
  }
}

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
  take(terminal, kForAnswers, [&](std::string_view bytes) {
    seen += bytes;
    if (seen.find(answer) != std::string::npos) return Enough::yes;
    if (seen.size() > answer.size()) seen.erase(0, seen.size() - answer.size());
    return Enough::no;
  });
}

void take_keys(int terminal) noexcept {
  take(terminal, kForKeys, [](std::string_view) { return Enough::no; });
}

}  // namespace pawl::run
