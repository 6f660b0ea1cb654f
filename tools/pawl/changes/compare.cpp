#include "tools/pawl/changes/compare.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <span>

#include "sandbox/base/own_programs.hpp"

namespace pawl::changes {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{20'000};  // for one pair of texts

// Both ends are one socket: whoever writes while the other writes too is still read.
class Exchange {
 public:
  explicit Exchange(const UniqueFd& socket) : socket_(socket) {}

  Result<> send(const void* bytes, std::size_t size) {
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
      TRY(wait(POLLOUT));
      const ssize_t sent = ::send(socket_.get(), at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (sent < 0) return failed("ask pawl-hunks");
      at += sent;
      size -= static_cast<std::size_t>(sent);
    }
    return {};
  }

  Result<> receive(void* bytes, std::size_t size) {
    char* at = static_cast<char*>(bytes);
    while (size > 0) {
      TRY(wait(POLLIN));
      const ssize_t got = ::recv(socket_.get(), at, size, MSG_DONTWAIT);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return failed("hear from pawl-hunks");
      if (got == 0) return refuse("pawl-hunks ended");
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return {};
  }

 private:
  Result<> wait(short events) {
    pollfd watched{socket_.get(), events, 0};
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now()).count();
      if (left <= 0) return failed("wait for pawl-hunks", ETIMEDOUT);
      const int ready = ::poll(&watched, 1, static_cast<int>(left));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return failed("poll");
    }
  }

  const UniqueFd& socket_;
  steady_clock::time_point deadline_ = steady_clock::now() + kPatience;
};

}  // namespace

Result<> Comparer::start() {
  const std::string program = program_.empty() ? TRY(find_program("pawl-hunks")) : program_;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed("make a socket pair");
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const char* const argv[] = {"pawl-hunks", nullptr};
  const char* const environment[] = {nullptr};
  const int error = ::posix_spawn(&child_, program.c_str(), &actions, nullptr, const_cast<char* const*>(argv),
                                  const_cast<char* const*>(environment));
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    child_ = 0;
    return failed("start " + program, error);
  }
  socket_ = std::move(ours);
  return {};
}

void Comparer::stop() {
  socket_.reset();
  if (child_ == 0) return;
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
  child_ = 0;
}

Result<std::vector<Range>> Comparer::ask(std::string_view old_text, std::string_view new_text) {
  if (!socket_) TRY(start());
  Exchange exchange(socket_);
  const ComparisonHead head{static_cast<std::uint32_t>(old_text.size()),
                            static_cast<std::uint32_t>(new_text.size())};
  TRY(exchange.send(&head, sizeof(head)));
  TRY(exchange.send(old_text.data(), old_text.size()));
  TRY(exchange.send(new_text.data(), new_text.size()));
  std::uint32_t count = 0;
  TRY(exchange.receive(&count, sizeof(count)));
  if (count > kMaxRanges) return refuse("pawl-hunks says too much");
  std::vector<Range> ranges(count);
  TRY(exchange.receive(ranges.data(), count * sizeof(Range)));
  return ranges;
}

Comparer::Difference Comparer::compare(std::string_view old_text, std::string_view new_text) {
  const Lines old_lines = split_lines(old_text);
  const Lines new_lines = split_lines(new_text);
  if (old_lines.empty() || new_lines.empty())
    return {everything(old_lines, new_lines), Difference::By::lines};
  auto ranges = ask(old_text, new_text);
  if (ranges && holds(old_lines, new_lines, *ranges)) return {*std::move(ranges), Difference::By::lines};
  stop();  // whatever it thinks that it was asked, the next question is a new one
  return {everything(old_lines, new_lines), Difference::By::whole};
}

}  // namespace pawl::changes
