// What a command has written to its terminal, as far as somebody who comes to it later needs it: the modes
// that it has set, and its last 64 KiB of text. Pure; reads the agent's bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/pawl/characters.hpp"
#include "tools/pawl/escape_reader.hpp"

namespace pawl::run {

class ScreenMemory : private EscapeReader::Sink {
 public:
  static constexpr std::size_t kKept = 64 * 1024;  // bytes of text

  explicit ScreenMemory(Characters characters = Characters::utf8);
  void see(std::string_view bytes) { reader_.read(bytes, *this); }

  // Text, colours and cursor movements of the main screen, from the beginning of a line. Nothing in it makes
  // a terminal answer: it would be typed into the command.
  std::string text() const;
  // What there is of it since the last time.
  std::string take_text();
  // Puts a fresh terminal into the modes that the command relies on; empty when it has set none.
  std::string modes() const;

  // Once: something was written that a terminal may answer. What is not known to be silent counts.
  bool take_question() { return std::exchange(question_, Question::none) == Question::asked; }
  bool on_main_screen() const { return screen_ == Screen::main; }
  // It was told to report by itself: mouse, focus, keys' releases.
  bool reports() const;

 private:
  enum class Screen : std::uint8_t { main, alternate };
  static constexpr std::size_t kModes = 15;
  static constexpr std::size_t kMaxPushed = 16;  // more than any terminal keeps
  static constexpr unsigned char kC1Lead = 0xc2;

  void text(std::string_view bytes) override;
  void control(char byte) override;
  void sequence(const EscapeSequence& sequence) override;
  void string(char introducer, std::string_view number) override;
  void in_string(char byte) override;
  void over() override { more_ = 0; }
  void odd() override {
    over();
    question_ = Question::asked;
  }
  void keep(std::string_view bytes);
  bool is_c1(char byte) const;
  bool in_c2() const { return more_ > 0 && lead_ == kC1Lead; }
  void follow(char byte);
  void set_characters(const EscapeSequence& sequence);
  void set_modes(const EscapeSequence& sequence);
  void set_keyboard(const EscapeSequence& sequence);
  void forget();

  EscapeReader reader_;
  std::string ring_;
  std::size_t begin_ = 0;  // of the oldest byte, once the ring is full
  Screen screen_ = Screen::main;
  std::array<bool, kModes> set_{};
  bool keypad_ = false;  // in application mode
  unsigned other_keys_ = 0;
  enum class Question : std::uint8_t { none, asked } question_ = Question::none;
  Characters usual_;  // before anything was written
  Characters characters_;
  // Of UTF-8, so that C1 controls are told from what only looks like them.
  unsigned char lead_ = 0;
  unsigned more_ = 0;
  std::array<std::vector<unsigned>, 2> keyboard_;  // pushed flags of the kitty protocol, for each screen
};

}  // namespace pawl::run
