// Moves bytes from one descriptor to another without holding the loop up. Runs in pawl; the bytes are not
// looked at.
#pragma once

#include <poll.h>

#include <array>
#include <cstdint>
#include <vector>

namespace pawl::run {

class Pump {
 public:
  // Both stay the caller's. Inherited ones may block: they are given only what poll() says they take.
  Pump(int from, int to);

  void watch(std::vector<pollfd>& watched) const;
  enum class Moved : std::uint8_t { nothing, something };
  Moved advance(const std::vector<pollfd>& watched);
  // Nothing comes any more, or nobody takes it.
  bool finished() const { return state_ == State::finished; }

 private:
  enum class State : std::uint8_t { flowing, draining, finished };
  enum class Target : std::uint8_t { socket, patient, blocking };
  static Target target_of(int descriptor);
  Moved read();
  Moved write();

  int from_;
  int to_;
  Target target_;
  State state_ = State::flowing;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::array<char, 32 * 1024> buffer_;
};

}  // namespace pawl::run
