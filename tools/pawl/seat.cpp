#include "tools/pawl/seat.hpp"

#include <algorithm>

#include "tools/pawl/signals.hpp"
#include "tools/pawl/terminal_reset.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHold{500};  // a key that could begin to detach, alone
constexpr milliseconds kBehind{
    200};  // between two looks from the background: nobody tells that `fg` was said
constexpr milliseconds kAnswered{10'000};  // the slowest terminal's answer, through the slowest line
constexpr milliseconds kSettled{20};       // a stopped command has written what it had to write
constexpr milliseconds kStopTime{1'000};   // and is not waited for any longer

}  // namespace

Seat::Seat(Terminal terminal, DetachKeys keys, Behind& behind)
    : terminal_(std::move(terminal)),
      keys_(std::move(keys)),
      behind_(behind),
      memory_(std::make_unique<ScreenMemory>(terminal_characters())),
      aside_(*memory_) {}

void Seat::connect(int line, std::string_view screen) {
  line_ = line;
  terminal_.lend();
  screen_ = std::make_unique<Pump>(line, terminal_.fd(), [this](std::span<char> buffer, std::size_t size) {
    return filter_output(buffer, size);
  });
  enter();
  note_output(screen);
  screen_->add(place_ == Place::in_front ? std::string(screen) : from_behind(screen));
}

void Seat::enter() {
  if (line_ < 0) return;
  resize();
  step_back();
  terminal_.lend();
  looked_ = Clock::now();
  if (!terminal_.in_foreground()) return;
  const auto state = terminal_.look();
  if (!state) return;
  behind_.guard(*state, terminal_.fd());
  if (!terminal_.make_raw()) return;
  // A command that was stopped without being asked does not know what its terminal went through, nor one that
  // has set them from behind the shell.
  sandbox::write_bounded(terminal_.fd(), memory_->modes());
  place_ = Place::in_front;
  keyboard_ = std::make_unique<Pump>(terminal_.fd(), line_, [this](std::span<char> buffer, std::size_t size) {
    return filter_keys(buffer, size);
  });
}

void Seat::step_back() {
  keyboard_.reset();
  if (place_ == Place::behind_the_shell) return;
  place_ = Place::behind_the_shell;
  aside_ = *memory_;
  (void)aside_.take_text();
}

void Seat::leave() {
  step_back();
  (void)keys_.let_go();
  // The rest of a line would be the shell's to execute.
  const auto coming = typing_.goes_on(Clock::now()) ? Terminal::Keys::coming : Terminal::Keys::none;
  terminal_.restore({answers(), coming, memory_->on_main_screen() ? LeftOn::main : LeftOn::any});
  behind_.release();
}

void Seat::stop_with_command() {
  // A Ctrl-Z that the command's own terminal took: the shell's job is our whole group, a pipe's other end
  // too. When the command stops of its own accord, the others are none of its business.
  const Whom whom = keyboard_ && typing_.take_stop(Clock::now()) ? Whom::group : Whom::self;
  show_the_rest(kSettled, kStopTime);
  leave();
  stop(whom);
}

// Nothing is asked there, since the shell would get the answer, and no mode set: the shell has its own, and
// enter() sets the command's.
std::string Seat::from_behind(std::string_view bytes) {
  aside_.see(bytes);
  return aside_.take_text();
}

std::size_t Seat::filter_output(std::span<char> buffer, std::size_t size) {
  const std::string_view bytes(buffer.data(), size);
  note_output(bytes);
  if (place_ == Place::in_front) return size;
  // Never longer than what was read and one sequence that had begun before.
  return from_behind(bytes).copy(buffer.data(), buffer.size());
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
  held_since_ = Clock::now();
  const std::size_t passed = std::min(typed.pass.size(), buffer.size());
  typed.pass.copy(buffer.data(), passed);
  typing_.see({buffer.data(), passed}, held_since_);
  if (typed.detach) {
    wish_ = Wish::detach;
    typing_ = {};  // what follows is meant for the shell
  }
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
    lost_ = terminal_.hung_up();  // else it is the line's end, which others tell of
  }
  return moved;
}

void Seat::look(Clock::time_point now) {
  if (keyboard_) {
    if (keys_.holding() && now >= held_since_ + kHold) keyboard_->add(keys_.let_go());
  } else if (line_ >= 0 && !lost_ && now >= looked_ + kBehind) {
    looked_ = now;
    lost_ = terminal_.hung_up();
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
  if (screen_) drain(*screen_, patience, limit);
}

}  // namespace pawl::run
