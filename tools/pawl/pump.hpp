// Moves bytes from one descriptor to another without holding the loop up. Runs in pawl; only a filter looks
// at the bytes.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace pawl::run {

class Pump {
 public:
  static constexpr int kNowhere = -1;
  static constexpr std::size_t kRoom = 512;  // bytes that a filter may add to what was read
  // Sees what was read, the first `size` bytes of `buffer`, may change it, and returns how much there is now.
  using Filter = std::function<std::size_t(std::span<char> buffer, std::size_t size)>;

  // Both stay the caller's. Inherited ones may block: they are given only what poll() says they take. To
  // kNowhere everything is thrown away.
  Pump(int from, int to, Filter filter = {});

  void watch(std::vector<pollfd>& watched) const;
  enum class Moved : std::uint8_t { nothing, something };
  Moved advance(const std::vector<pollfd>& watched);
  // Sends this, too, behind what is on its way; room is made for it.
  void add(std::string_view bytes);
  // Something waits to be taken.
  bool has_more() const { return begin_ < end_; }
  // Nothing comes any more, or nobody takes it.
  bool finished() const { return state_ == State::finished; }

 private:
  enum class State : std::uint8_t { flowing, draining, finished };
  enum class Target : std::uint8_t { nowhere, socket, patient, blocking };
  static Target target_of(int descriptor);
  Moved read();
  Moved write();

  int from_;
  int to_;
  Target target_;
  Filter filter_;
  State state_ = State::flowing;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<char> buffer_;  // empty until something comes
};

// Until it is finished, nothing moves for `patience`, or `limit` is over.
inline constexpr std::chrono::milliseconds kForever{24 * 3'600'000};
void drain(Pump& pump, std::chrono::milliseconds patience, std::chrono::milliseconds limit = kForever);

}  // namespace pawl::run
