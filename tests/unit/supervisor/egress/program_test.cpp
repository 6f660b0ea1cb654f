// The real programs, with descriptor 3 and nothing else: what they ask of the kernel is their whole need.
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <sstream>

#include "supervisor/wire/frame.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/supervisor/egress/rig.hpp"

using namespace pawl;
using namespace pawl::test;
using namespace std::chrono_literals;

namespace {

constexpr char kStrace[] = "/usr/bin/strace";

// Everything after the exec; the `service` profile of the sandbox must allow these.
const std::set<std::string> kNeeded = {
    "accept",          "arch_prctl", "brk",       "close",      "epoll_create1",
    "epoll_ctl",       "epoll_wait", "eventfd2",  "exit_group", "fstat",
    "futex",           "getpid",     "getrandom", "getsockopt", "ioctl",
    "madvise",         "mlock",      "mmap",      "mprotect",   "mremap",
    "munmap",          "newfstatat", "poll",      "prctl",      "pread64",
    "prlimit64",       "read",       "readlink",  "readlinkat", "recvfrom",
    "recvmsg",         "rseq",       "sendmsg",   "sendto",     "set_robust_list",
    "set_tid_address", "setsockopt", "shutdown",  "sysinfo",    "timerfd_create",
    "timerfd_settime", "write",
};

std::set<std::string> calls_in(const std::string& trace) {
  std::set<std::string> calls;
  std::istringstream lines(trace);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of("0123456789 ");
    const std::size_t end = line.find('(');
    if (start < end && end != std::string::npos && line[start] != '+' && line[start] != '-' &&
        line[start] != '<')
      calls.insert(line.substr(start, end - start));
  }
  return calls;
}

// TLS and all.
void serve_one_request(const Program& program) {
  const Authority authority;
  const Server server(
      [](Peer& peer) {
        (void)peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      },
      authority.certify("DNS:api.example.com"));
  const std::uint16_t port = server.port();
  Rig rig({.route = tls_route("api.example.com"),
           .trust_store = authority.certificate(),
           .verdict = [port] { return Verdict{port, {}}; },
           .limits = {}},
          program);
  const std::string answer = rig.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("ok"));
  const Result<> ended = rig.lose_broker();
  INFO((ended ? "" : ended.error().text()));
  CHECK(ended);
}

}  // namespace

TEST_CASE("pawl-egress serves TLS with descriptor 3 alone, and ends when pawld does", "[egress][program]") {
  serve_one_request({{PAWL_EGRESS}, std::nullopt});
}

TEST_CASE("pawl-egress serves under the sandbox's service filter", "[egress][program]") {
  if (pawl::testing::kSanitized) {
    WARN("skipped: not with a sanitizer");
    return;
  }
  serve_one_request({{PAWL_EGRESS}, sandbox::SyscallProfile::service});
}

TEST_CASE("pawl-egress opens no file and makes no socket", "[egress][program]") {
  if (pawl::testing::kSanitized) {
    WARN("skipped: not with a sanitizer");
    return;
  }
  if (!std::filesystem::exists(kStrace)) {
    WARN("skipped: strace is not installed");
    return;
  }
  const TemporaryDirectory directory;
  const std::string trace = directory / "trace";
  serve_one_request({{kStrace, "-f", "-qq", "-e", "signal=none", "-o", trace, PAWL_EGRESS}, std::nullopt});
  std::set<std::string> calls = calls_in(read_file(trace));
  REQUIRE(calls.erase("execve") == 1);  // its own start; otherwise nothing was traced
  REQUIRE(calls.contains("sendmsg"));
  for (const std::string& call : calls) {
    INFO(call);
    CHECK(kNeeded.contains(call));
  }
}

TEST_CASE("pawl-egress without a channel says what it misses", "[egress][program]") {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK_FALSE(end_of(start({{PAWL_EGRESS}, std::nullopt}, null.get())));
}

TEST_CASE("pawl-dial resolves and connects under the sandbox's dialer filter", "[egress][program]") {
  if (pawl::testing::kSanitized) {
    WARN("skipped: not with a sanitizer");
    return;
  }
  const Server server([](Peer& peer) { peer.write("hello"); });
  auto [ours, theirs] = Channel::pair().value();
  const pid_t dialer = start({{PAWL_DIAL}, sandbox::SyscallProfile::dialer}, theirs.fd());
  theirs = Channel();
  const auto dial = [&, &channel = ours](const std::string& host, std::vector<std::string> listed) {
    REQUIRE(channel.send(wire::frame(wire::Dial{1, host, server.port(), std::move(listed)})));
    auto packet = channel.receive_within(30s);
    REQUIRE(packet);
    REQUIRE(*packet);
    return std::pair(wire::unframe<wire::Dialed>((*packet)->bytes).value(),
                     std::move((*packet)->descriptors));
  };
  auto [answer, sockets] = dial("localhost", {"127.0.0.1"});
  CHECK(answer.failure.empty());
  CHECK(answer.address == "127.0.0.1");
  REQUIRE(sockets.size() == 1);
  CHECK(Peer(std::move(sockets.front())).read_exactly(5) == "hello");
  CHECK(dial("localhost", {}).first.failure.find("resolves to the loopback address") != std::string::npos);
  CHECK(dial("name.invalid", {}).first.failure.find("does not resolve") != std::string::npos);
  ours = Channel();
  CHECK(end_of(dialer));
}
