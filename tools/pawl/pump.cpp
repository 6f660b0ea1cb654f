#include "tools/pawl/pump.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "tools/pawl/watched.hpp"

namespace pawl::run {
namespace {

constexpr std::size_t kBuffer = 32 * 1024;  // bytes

bool transient(int errnum) { return errnum == EAGAIN || errnum == EINTR; }

}  // namespace

Pump::Pump(int from, int to, Filter filter)
    : from_(from), to_(to), target_(target_of(to)), filter_(std::move(filter)) {}

Pump::Target Pump::target_of(int descriptor) {
  if (descriptor == kNowhere) return Target::nowhere;
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) return Target::socket;
  const int flags = ::fcntl(descriptor, F_GETFL);
  return S_ISREG(status.st_mode) || (flags >= 0 && (flags & O_NONBLOCK) != 0) ? Target::patient
                                                                              : Target::blocking;
}

void Pump::watch(std::vector<pollfd>& watched) const {
  if (finished()) return;
  if (has_more())
    watched.push_back({to_, POLLOUT, 0});
  else if (state_ == State::flowing)
    watched.push_back({from_, POLLIN, 0});
}

Pump::Moved Pump::advance(const std::vector<pollfd>& watched) {
  if (finished()) return Moved::nothing;
  Moved moved = Moved::nothing;
  if (begin_ == end_ && state_ == State::flowing && ready(watched, from_, POLLIN)) {
    moved = read();
    // There is room most of the time: saves a turn of the loop for every keystroke.
    pollfd room{to_, POLLOUT, 0};
    if (has_more() && (target_ == Target::nowhere || ::poll(&room, 1, 0) > 0)) write();
  } else if (has_more() && ready(watched, to_, POLLOUT)) {
    moved = write();
  }
  if (state_ == State::draining && begin_ == end_) state_ = State::finished;
  return moved;
}

Pump::Moved Pump::read() {
  if (buffer_.size() < kBuffer) buffer_.resize(kBuffer);
  const ssize_t size = ::read(from_, buffer_.data(), kBuffer - kRoom);
  if (size < 0 && transient(errno)) return Moved::nothing;
  begin_ = 0;
  end_ = size > 0 ? static_cast<std::size_t>(size) : 0;
  if (size <= 0) state_ = State::draining;  // the end, or EIO from a pty whose last user went away
  if (filter_ && end_ > 0) end_ = filter_(buffer_, end_);
  return Moved::something;
}

void Pump::add(std::string_view bytes) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (finished()) return;
  if (bytes.size() > buffer_.size() - end_) buffer_.resize(end_ + bytes.size());
  std::ranges::copy(bytes, buffer_.data() + end_);
  end_ += bytes.size();
}

Pump::Moved Pump::write() {
  const char* const bytes = buffer_.data() + begin_;
  const std::size_t left = end_ - begin_;
  auto size = static_cast<ssize_t>(left);
  if (target_ == Target::nowhere) {
    begin_ = end_;
    return Moved::something;
  }
  if (target_ == Target::socket)
    size = ::send(to_, bytes, left, MSG_DONTWAIT | MSG_NOSIGNAL);
  else
    size = ::write(to_, bytes, target_ == Target::patient ? left : std::min<std::size_t>(left, PIPE_BUF));
  if (size < 0 && transient(errno)) return Moved::nothing;
  if (size < 0)
    state_ = State::finished;
  else
    begin_ += static_cast<std::size_t>(size);
  return Moved::something;
}

void drain(Pump& pump, std::chrono::milliseconds patience, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto over = Clock::now() + limit;
  auto give_up = Clock::now() + patience;
  for (;;) {
    std::vector<pollfd> watched;
    pump.watch(watched);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min(give_up, over) - Clock::now());
    if (watched.empty() || left.count() <= 0) return;
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return;
    if (pump.advance(watched) == Pump::Moved::something) give_up = Clock::now() + patience;
  }
}

}  // namespace pawl::run
