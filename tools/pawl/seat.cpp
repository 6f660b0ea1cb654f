#include "tools/pawl/seat.hpp"

#include <unistd.h>

#include <algorithm>

namespace pawl::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHold{500};  // a key that could begin to detach, alone
constexpr milliseconds kBehind{
    200};  // between two looks from the background: nobody tells that `fg` was said
constexpr milliseconds kAnswered{10'000};  // the slowest terminal's answer, through the slowest line

}  // namespace

Seat::Seat(Terminal terminal, DetachKeys keys, Behind& behind)
    : terminal_(std::move(terminal)), keys_(std::move(keys)), behind_(behind) {}

void Seat::connect(int line, std::string_view screen) {
  line_ = line;
  terminal_.lend();
  screen_ = std::make_unique<Pump>(line, terminal_.fd(), [this](std::span<char> buffer, std::size_t size) {
    note_output({buffer.data(), size});
    return size;
  });
  enter();
  note_output(screen);
  screen_->add(screen);
}

void Seat::enter() {
  if (line_ < 0) return;
  resize();
  keyboard_.reset();
  terminal_.lend();
  looked_ = Clock::now();
  if (!terminal_.in_foreground()) return;
  const auto state = terminal_.look();
  if (!state) return;
  behind_.guard(*state, terminal_.fd());
  if (!terminal_.make_raw()) return;
  // A command that was stopped without being asked does not know what its terminal went through.
  if (visit_ == Visit::again) sandbox::write_bounded(terminal_.fd(), memory_->modes());
  visit_ = Visit::again;
  keyboard_ = std::make_unique<Pump>(terminal_.fd(), line_, [this](std::span<char> buffer, std::size_t size) {
    return filter_keys(buffer, size);
  });
}

void Seat::leave() {
  keyboard_.reset();
  (void)keys_.let_go();
  terminal_.restore(answers());
  behind_.release();
}

void Seat::note_output(std::string_view bytes) {
  memory_->see(bytes);
  if (memory_->take_question()) asked_ = Clock::now();
}

// What was asked long ago was answered, and read by the command.
Terminal::Answers Seat::answers() const {
  const bool asked = asked_ && Clock::now() < *asked_ + kAnswered;
  return asked || memory_->reports() ? Terminal::Answers::expected : Terminal::Answers::none;
}

std::size_t Seat::filter_keys(std::span<char> buffer, std::size_t size) {
  const DetachKeys::Typed typed = keys_.type({buffer.data(), size});
  if (typed.detach) wish_ = Wish::detach;
  held_since_ = Clock::now();
  const std::size_t passed = std::min(typed.pass.size(), buffer.size());
  typed.pass.copy(buffer.data(), passed);
  return passed;
}

void Seat::watch(std::vector<pollfd>& watched) const {
  if (keyboard_) keyboard_->watch(watched);
  if (screen_) screen_->watch(watched);
}

Pump::Moved Seat::advance(const std::vector<pollfd>& watched) {
  Pump::Moved moved = Pump::Moved::nothing;
  for (Pump* pump : {keyboard_.get(), screen_.get()})
    if (pump != nullptr && pump->advance(watched) == Pump::Moved::something) moved = Pump::Moved::something;
  if (keyboard_ && keyboard_->finished()) {
    keyboard_.reset();
    lost_ = true;
  }
  return moved;
}

void Seat::look(Clock::time_point now) {
  if (keyboard_) {
    if (keys_.holding() && now >= held_since_ + kHold) keyboard_->add(keys_.let_go());
  } else if (line_ >= 0 && !lost_ && now >= looked_ + kBehind) {
    looked_ = now;
    if (terminal_.in_foreground()) enter();
  }
}

std::optional<Seat::Clock::time_point> Seat::wakes() const {
  if (keyboard_) return keys_.holding() ? std::optional(held_since_ + kHold) : std::nullopt;
  return line_ >= 0 && !lost_ ? std::optional(looked_ + kBehind) : std::nullopt;
}

void Seat::say(std::string_view line) {
  sandbox::write_bounded(terminal_.fd(), "\r\n");
  sandbox::write_bounded(terminal_.fd(), line);
  sandbox::write_bounded(terminal_.fd(), "\r\n");
}

void Seat::show_the_rest(milliseconds patience, milliseconds limit) {
  keyboard_.reset();
  if (!screen_) return;
  const auto over = Clock::now() + limit;
  auto give_up = Clock::now() + patience;
  for (;;) {
    std::vector<pollfd> watched;
    screen_->watch(watched);
    const auto now = Clock::now();
    if (watched.empty() || now >= std::min(give_up, over)) return;
    const auto left = std::chrono::ceil<milliseconds>(std::min(give_up, over) - now).count();
    if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
    if (screen_->advance(watched) == Pump::Moved::something) give_up = Clock::now() + patience;
  }
}

}  // namespace pawl::run
