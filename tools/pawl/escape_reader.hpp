// Takes apart what a program writes to a terminal (ECMA-48): text, controls, escape sequences, strings. Pure;
// reads an agent's bytes, holds no more of them than one sequence, and never fails: what it does not
// understand is dropped, as terminals do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::run {

// "ESC [ ? 1 0 4 9 h": introducer '[', marker '?', parameters "1049", final 'h'. Without '[' the introducer
// is 0, and what stands before the final are intermediates.
struct EscapeSequence {
  char introducer = 0;
  char marker = 0;  // one of "<=>?", or 0
  std::string parameters;
  std::string intermediates;
  char final = 0;
  std::string raw;  // all of it

  // The number at `index`, separated by ';'; `otherwise` where none stands.
  unsigned number(std::size_t index, unsigned otherwise) const;
  std::size_t count() const;  // of parameters, at least 1
};

class EscapeReader {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void text(std::string_view bytes) = 0;  // no controls below 0x20
    virtual void control(char byte) = 0;
    virtual void sequence(const EscapeSequence& sequence) = 0;
    // A string begins: the byte behind ESC, and for ']' (OSC) the number that it begins with.
    virtual void string(char introducer, std::string_view number) = 0;
    // A byte in a string, except those that may end it.
    virtual void in_string(char byte) = 0;
    // A string has ended, or something was cancelled: nothing goes on from before.
    virtual void over() = 0;
    // A sequence that is none, or too long to be held. A terminal may see more in it.
    virtual void odd() = 0;
  };

  void read(std::string_view bytes, Sink& sink);

 private:
  enum class State : std::uint8_t { ground, escape, control_sequence, string, string_escape };
  void read_one(char byte, Sink& sink);
  void begin(char byte);
  void in_escape(char byte, Sink& sink);
  void in_control_sequence(char byte, Sink& sink);
  void in_string(char byte, Sink& sink);
  void tell_string(Sink& sink);

  State state_ = State::ground;
  EscapeSequence sequence_;
  std::string number_;  // of an OSC, until it is told
  enum class Head : std::uint8_t { told, open } head_ = Head::told;
};

}  // namespace pawl::run
