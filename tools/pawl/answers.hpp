// What a terminal answers to the questions of a command (cursor position, attributes, colours, …) looks like
// keys, and arrives when it likes: what is still on its way when the command's time is over would be typed
// into the shell. A terminal works in order, so pawl asks last and throws away all that comes up to its own
// answer. A person who was typing a line for the command is not done with it then either. Runs in pawl; reads
// what the agent can make a terminal say, and the person's keys.
#pragma once

#include <sys/ioctl.h>

#include <array>
#include <string>
#include <string_view>

namespace pawl::run {

// The question, and the answer to it. Where the cursor is, in three places that nobody can foresee: the
// command could have provoked any answer that is known before.
class LastQuestion {
 public:
  struct Place {
    unsigned row = 1;
    unsigned column = 1;
  };
  static LastQuestion invent(const winsize& size);
  explicit LastQuestion(const std::array<Place, 3>& places) : places_(places) {}

  // Leaves the cursor where it was.
  std::string question() const;
  std::string answer() const;

 private:
  std::array<Place, 3> places_;
};

// Asks, and takes what the terminal says until the answer is among it or nothing comes for two seconds, a
// minute at most: one that does not answer must not keep anybody here, and one that has much to answer is not
// left in the middle of it. `terminal` is raw, and ours.
void take_answers(int terminal, const LastQuestion& last) noexcept;

// Takes what is typed until nothing comes for half a second, for five at most. Likewise.
void take_keys(int terminal) noexcept;

}  // namespace pawl::run
