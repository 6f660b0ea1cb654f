// A seat in front of a real terminal: what reaches the terminal and the command, in the foreground and behind
// a shell. Each story runs in a process of its own, which a terminal can belong to.
#include "tools/pawl/seat.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using namespace pawl;
using namespace pawl::run;

namespace {

std::string read_from(const UniqueFd& descriptor) {
  std::string text(1 << 16, '\0');
  const ssize_t size = ::read(descriptor.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

void write_to(const UniqueFd& descriptor, std::string_view text) {
  if (::write(descriptor.get(), text.data(), text.size()) < 0) return;  // the story will miss it
}

// The screen and keyboard of a terminal, and the command at the other end of the seat's line.
class Story : public Seat::Behind {
 public:
  explicit Story(UniqueFd screen) : screen_(std::move(screen)) {
    ::setenv("TERM", "xterm", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::fcntl(screen_.get(), F_SETFL, O_NONBLOCK);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) ::_exit(1);
    line_ = UniqueFd(ends[0]);
    command_ = UniqueFd(ends[1]);
  }

  void sit_down() {
    auto terminal = Terminal::open(0);
    auto keys = DetachKeys::parse("none");
    if (!terminal || !keys) ::_exit(2);
    seat_ = std::make_unique<Seat>(*std::move(terminal), *std::move(keys), *this);
    seat_->connect(line_.get());
  }
  // Some other job has the terminal, as the shell has it while this one is in the background.
  void give_terminal_away() {
    shell_ = ::fork();
    if (shell_ == 0) {
      screen_.reset();
      ::setpgid(0, 0);
      for (;;) ::pause();
    }
    while (::getpgid(shell_) != shell_) ::usleep(1'000);
    ::tcsetpgrp(0, shell_);
  }
  void take_terminal_back() { ::tcsetpgrp(0, ::getpgrp()); }
  void turn() {
    std::vector<pollfd> watched;
    seat_->watch(watched);
    ::poll(watched.data(), watched.size(), 1'000);
    seat_->advance(watched);
  }
  // A pty hands on what was written when it likes.
  std::string shown() {
    std::string text;
    for (pollfd more{screen_.get(), POLLIN, 0}; ::poll(&more, 1, 200) > 0;) text += read_from(screen_);
    return text;
  }
  void type(std::string_view keys) { write_to(screen_, keys); }
  void close_window() { screen_.reset(); }
  std::string typed_into_command() { return read_from(command_); }
  void command_writes(std::string_view text) { write_to(command_, text); }
  void command_ends() { command_.reset(); }
  Seat& seat() { return *seat_; }
  void end() const {
    if (shell_ > 0) ::kill(shell_, SIGKILL);
  }

 private:
  void guard(const sandbox::TerminalState&, int) override {}
  void release() override {}
  void resize(const winsize&) override {}

  UniqueFd screen_;
  UniqueFd line_;
  UniqueFd command_;
  std::unique_ptr<Seat> seat_;
  pid_t shell_ = -1;
};

// What the story says, from a process whose controlling terminal is its descriptor 0.
template <class Tale>
std::string told_by(Tale tale) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd hears(ends[0]);
  UniqueFd says(ends[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(30);
    ::setsid();
    for (const int number : {SIGTTOU, SIGHUP}) std::signal(number, SIG_IGN);
    UniqueFd screen(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[64];
    if (::grantpt(screen.get()) != 0 || ::unlockpt(screen.get()) != 0 ||
        ::ptsname_r(screen.get(), name, sizeof(name)) != 0)
      ::_exit(3);
    const UniqueFd line(::open(name, O_RDWR | O_CLOEXEC));
    ::dup2(line.get(), 0);
    Story story(std::move(screen));
    write_to(says, tale(story));
    story.end();
    ::_exit(0);
  }
  says.reset();
  std::string told;
  for (std::string piece; !(piece = read_from(hears)).empty();) told += piece;
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  return told;
}

termios modes_of_terminal() {
  termios modes{};
  ::tcgetattr(0, &modes);
  return modes;
}

}  // namespace

TEST_CASE("in the foreground keys and output pass as they are") {
  CHECK(told_by([](Story& story) {
          story.sit_down();
          (void)story.shown();
          story.command_writes("text\x1b[6n\x1b[?1000h");
          story.turn();
          story.type("k\r");
          story.turn();
          return story.shown() + "|" + story.typed_into_command();
        }) == "text\x1b[6n\x1b[?1000h|k\r");
}

TEST_CASE("from behind the shell text is shown, and nothing that the shell's terminal would answer or keep") {
  const std::string told = told_by([](Story& story) {
    story.give_terminal_away();
    story.sit_down();
    story.command_writes("text\x1b[6n\x1b[?1000h\x1b[31m red\x1b");
    story.turn();
    story.command_writes("[c\x1b]11;?\x07 more\x1b[?1049hdrawn");
    story.turn();
    std::string seen = story.shown();
    // The terminal becomes the command's, with the modes that it has set.
    story.take_terminal_back();
    story.seat().look(Seat::Clock::now() + 1s);
    seen += "|" + story.shown();
    story.command_writes("\x1b[6n");
    story.turn();
    return seen + "|" + story.shown();
  });
  CHECK(told == "text\x1b[31m red more|\x1b[22;0t\x1b[?1049h\x1b[H\x1b[2J\x1b[?1000h|\x1b[6n");
}

TEST_CASE("what was left in the foreground is not gone on with behind the shell") {
  const std::string told = told_by([](Story& story) {
    story.sit_down();
    story.command_writes("\x1b[?1049h");
    story.turn();
    story.give_terminal_away();
    story.seat().leave();
    (void)story.shown();
    story.seat().enter();
    story.command_writes("drawn on its own screen\x1b[?1049lback");
    story.turn();
    return story.shown();
  });
  CHECK(told == "back");
}

TEST_CASE("a command that only wrote from behind the shell leaves the shell's modes alone") {
  CHECK(told_by([](Story& story) {
          story.give_terminal_away();
          story.sit_down();
          story.command_writes("text");
          story.turn();
          (void)story.shown();
          story.seat().leave();
          return story.shown();
        }) == "\x0f\x1b[0m");
}

TEST_CASE(
    "a terminal that the shell has taken back meanwhile keeps the shell's modes, and else gets its own") {
  for (const tcflag_t changed : {tcflag_t{0}, tcflag_t{ECHO}}) {
    const std::string told = told_by([changed](Story& story) {
      const termios before = modes_of_terminal();
      story.sit_down();
      if ((modes_of_terminal().c_lflag & ICANON) != 0) return std::string("not raw");
      // We are stopped without being asked, and go on in the background.
      story.give_terminal_away();
      termios shells = modes_of_terminal();
      shells.c_lflag |= changed;
      ::tcsetattr(0, TCSANOW, &shells);
      story.seat().leave();
      const bool its_own = modes_of_terminal().c_lflag == before.c_lflag;
      const bool shell_has = modes_of_terminal().c_lflag == shells.c_lflag;
      return std::string(its_own ? "before" : shell_has ? "the shell's" : "neither");
    });
    CHECK(told == (changed == 0 ? "before" : "the shell's"));
  }
}

TEST_CASE("the rest of a line that somebody types for a command that has ended is not the shell's") {
  const std::string told = told_by([](Story& story) {
    story.sit_down();
    story.type("r");
    story.turn();
    std::thread person([&] {
      for (const char* key : {"m", " ", "x", "\r"}) {
        std::this_thread::sleep_for(100ms);
        story.type(key);
      }
    });
    story.seat().leave();
    person.join();
    ::fcntl(0, F_SETFL, O_NONBLOCK);
    char left[64];
    const ssize_t size = ::read(0, left, sizeof(left));
    return story.typed_into_command() + "|" +
           std::string(left, size > 0 ? static_cast<std::size_t>(size) : 0);
  });
  CHECK(told == "r|");
}

TEST_CASE("a terminal is lost when its window is closed, and not when nobody takes its keys") {
  CHECK(told_by([](Story& story) {
          story.sit_down();
          story.command_ends();
          story.type("k");
          story.turn();
          return std::string(story.seat().lost() ? "lost" : "there");
        }) == "there");
  CHECK(told_by([](Story& story) {
          story.sit_down();
          story.close_window();
          story.turn();
          return std::string(story.seat().lost() ? "lost" : "there");
        }) == "lost");
  CHECK(told_by([](Story& story) {
          story.give_terminal_away();
          story.sit_down();
          story.seat().look(Seat::Clock::now() + 1s);
          const std::string first = story.seat().lost() ? "lost" : "there";
          story.close_window();
          story.seat().look(Seat::Clock::now() + 2s);
          return first + (story.seat().lost() ? " lost" : " there");
        }) == "there lost");
}
