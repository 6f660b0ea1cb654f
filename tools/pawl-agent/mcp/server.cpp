#include "tools/pawl-agent/mcp/server.hpp"
#include "sandbox/base/write_all.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <optional>
#include <vector>

#include "tools/pawl-agent/mcp/conversation.hpp"
#include "tools/pawl-agent/mcp/line_reader.hpp"

namespace pawl::agent::mcp {
namespace {

constexpr std::chrono::milliseconds kLastMoment{1000};

class Server {
 public:
  explicit Server(const Streams& streams)
      : streams_(streams),
        lines_(kMaxLine),
        conversation_(streams.socket, [this](const boost::json::object& message) { send(message); }) {}

  Result<> run() {
    while (!written_.has_value() || *written_) {
      const auto now = Clock::now();
      if (closing_ && (conversation_.idle() || now >= *closing_)) return {};
      TRY(turn(now));
    }
    return *written_;
  }

 private:
  Result<> turn(Clock::time_point now) {
    std::vector<pollfd> watched{{closing_ ? -1 : streams_.in, POLLIN, 0}};
    Clock::time_point wake = conversation_.watch(watched, now);
    if (closing_) wake = std::min(wake, *closing_);
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(wake - now).count();
    if (::poll(watched.data(), watched.size(), patience > 0 ? static_cast<int>(patience) : 0) < 0 &&
        errno != EINTR)
      return failed("poll");
    if (watched[0].revents != 0) TRY(read());
    conversation_.advance(watched, Clock::now());
    return {};
  }

  Result<> read() {
    std::array<char, 64 * 1024> bytes;
    const ssize_t size = ::read(streams_.in, bytes.data(), bytes.size());
    if (size < 0) return errno == EINTR || errno == EAGAIN ? Result<>() : failed("read from the client");
    if (size == 0) closing_ = Clock::now() + kLastMoment;
    lines_.feed({bytes.data(), static_cast<std::size_t>(size)});
    while (auto line = lines_.next()) {
      if (line->fit == LineReader::Line::Fit::too_long)
        conversation_.take_overlong_line();
      else
        conversation_.take_line(line->text, Clock::now());
    }
    return {};
  }

  void send(const boost::json::object& message) {
    if (written_ && !*written_) return;
    written_ = write_all(streams_.out, boost::json::serialize(message) + "\n");
  }

  const Streams& streams_;
  LineReader lines_;
  Conversation conversation_;
  std::optional<Clock::time_point> closing_;  // stdin has ended; over at this time at the latest
  std::optional<Result<>> written_;           // of the last message
};

}  // namespace

Result<> serve(const Streams& streams) { return Server(streams).run(); }

}  // namespace pawl::agent::mcp
