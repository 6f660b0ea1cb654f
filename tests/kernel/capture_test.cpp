// Network::captured: whatever address a session dials, it is a listener of the launcher's that answers, and
// the session cannot get around it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "sandbox/capture.hpp"
#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::ReportKind;

namespace {

constexpr int kOriginalDestination = 80;  // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST
// Of what the launcher hands out, behind the pidfd.
constexpr std::size_t kTcp4 = 1, kDns4 = 2, kTcp6 = 3, kDns6 = 4, kAll = 5;

sandbox::LaunchPlan python(const Ground& ground, const std::string& script) {
  ground.write("workspace/script.py", "import errno, socket, time\n" + script);
  sandbox::LaunchPlan plan = shell_plan(ground, "exec python3 /workspace/script.py");
  plan.network = sandbox::Network::captured;
  return plan;
}

// What the script prints in a session whose connections nobody answers.
std::string said(const Ground& ground, const std::string& script) {
  const Outcome outcome = run(ground, python(ground, script));
  INFO(outcome.failure.trail << " " << outcome.failure.errnum);
  REQUIRE(outcome.launched);
  return outcome.output;
}

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string(text) + " " + std::to_string(ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return std::string(text) + " " + std::to_string(ntohs(v6.sin6_port));
}

// Takes one connection, answers "hello", and tells where it was meant to go.
std::string answer(int listener, int level) {
  if (!becomes_readable(listener, 5s)) return "nobody came";
  const UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  sockaddr_storage meant{};
  socklen_t size = sizeof(meant);
  if (::getsockopt(connection.get(), level, kOriginalDestination, &meant, &size) != 0)
    return "not redirected";
  REQUIRE(::write(connection.get(), "hello", 5) == 5);
  return text_of(meant);
}

// The same of a question: its text.
std::string answer_question(int socket_fd, const std::string& with) {
  if (!becomes_readable(socket_fd, 5s)) return "nobody asked";
  char question[64] = {};
  sockaddr_storage from{};
  socklen_t size = sizeof(from);
  const ssize_t count =
      ::recvfrom(socket_fd, question, sizeof(question), 0, reinterpret_cast<sockaddr*>(&from), &size);
  REQUIRE(count > 0);
  REQUIRE(::sendto(socket_fd, with.data(), with.size(), 0, reinterpret_cast<sockaddr*>(&from), size) > 0);
  return {question, static_cast<std::size_t>(count)};
}

// Clock ticks.
long processor_time(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0, system = 0;
  fields >> user >> system;
  return user + system;
}

const std::string kAttempt = R"(
def attempt(what):
    before = time.monotonic()
    try:
        what()
        print("got through")
    except OSError as error:
        slow = " late" if time.monotonic() - before > 0.1 else ""
        print(errno.errorcode[error.errno] + slow)
)";

}  // namespace

TEST_CASE("a connection to any address reaches the listener, which learns where it was meant to go",
          "[capture]") {
  const Ground ground;
  const auto dial = [](const std::string& family, const std::string& address) {
    return "c = socket.socket(socket." + family +
           ")\nc.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')\nc.connect(" + address +
           ")\nprint(c.recv(9), c.getpeername()[:2])\n";
  };
  Session session(
      ground,
      python(ground, dial("AF_INET", "('203.0.113.7', 443)") + dial("AF_INET6", "('2001:db8::7', 8443)") +
                         dial("AF_INET", "('169.254.169.254', 80)") + dial("AF_INET", "('127.0.0.53', 53)")));
  INFO(session.launch_report().trail << " " << session.launch_report().errnum);
  REQUIRE(session.launched());
  REQUIRE(session.handed().size() == kAll);
  CHECK(answer(session.handed()[kTcp4].get(), SOL_IP) == "203.0.113.7 443");
  CHECK(answer(session.handed()[kTcp6].get(), SOL_IPV6) == "2001:db8::7 8443");
  CHECK(answer(session.handed()[kTcp4].get(), SOL_IP) == "169.254.169.254 80");
  CHECK(answer(session.handed()[kTcp4].get(), SOL_IP) == "127.0.0.53 53");
  CHECK(session.finish().output ==
        "b'hello' ('203.0.113.7', 443)\nb'hello' ('2001:db8::7', 8443)\nb'hello' ('169.254.169.254', "
        "80)\nb'hello' "
        "('127.0.0.53', 53)\n");
}

TEST_CASE("every name server's answers come from the DNS listener", "[capture]") {
  const Ground ground;
  const auto ask = [](const std::string& family, const std::string& server) {
    return "c = socket.socket(socket." + family + ", socket.SOCK_DGRAM)\nc.settimeout(5)\nc.sendto(b'" +
           server + "', ('" + server + "', 53))\nprint(c.recvfrom(64)[0], c.family)\n";
  };
  Session session(ground, python(ground, ask("AF_INET", "8.8.8.8") + ask("AF_INET", "127.0.0.53") +
                                             ask("AF_INET6", "2001:db8::53")));
  REQUIRE(session.launched());
  REQUIRE(session.handed().size() == kAll);
  CHECK(answer_question(session.handed()[kDns4].get(), "one") == "8.8.8.8");
  CHECK(answer_question(session.handed()[kDns4].get(), "two") == "127.0.0.53");
  CHECK(answer_question(session.handed()[kDns6].get(), "three") == "2001:db8::53");
  const std::string output = session.finish().output;
  for (const std::string expected : {"b'one' ", "b'two' ", "b'three' "})
    CHECK(output.find(expected) != std::string::npos);
}

TEST_CASE("what is neither TCP nor a question is refused at once, and so is a listener dialled directly",
          "[capture]") {
  const Ground ground;
  const std::string tcp = std::to_string(sandbox::kCapturedTcpPort),
                    dns = std::to_string(sandbox::kCapturedDnsPort);
  const std::string text = said(ground, kAttempt + R"(
def datagram(family, address):
    def send():
        c = socket.socket(family, socket.SOCK_DGRAM)
        c.settimeout(2)
        c.connect(address)
        c.send(b'x')
        c.recv(1)
    return send
attempt(datagram(socket.AF_INET, ('203.0.113.7', 443)))
attempt(datagram(socket.AF_INET6, ('2001:db8::7', 443)))
attempt(datagram(socket.AF_INET, ('127.0.0.1', )" +
                                            dns + R"()))
attempt(lambda: socket.socket().connect(('127.0.0.1', )" +
                                            tcp + R"()))
attempt(lambda: socket.socket(socket.AF_INET6).connect(('::1', )" +
                                            tcp + R"()))
attempt(lambda: socket.socket().bind(('127.0.0.1', )" +
                                            tcp + R"()))
attempt(lambda: socket.socket().bind(('0.0.0.0', )" +
                                            tcp + R"()))
)");
  std::istringstream lines(text);
  std::string line;
  for (int datagrams = 0; datagrams < 3; ++datagrams) {
    REQUIRE(std::getline(lines, line));
    CHECK((line == "EPERM" || line == "EACCES" || line == "EHOSTUNREACH" || line == "ECONNREFUSED"));
  }
  CHECK(text.substr(static_cast<std::size_t>(lines.tellg())) ==
        "ECONNREFUSED\nECONNREFUSED\nEADDRINUSE\nEADDRINUSE\n");
}

TEST_CASE("a sandbox's own addresses stay its own beside captured connections", "[capture]") {
  const Ground ground;
  CHECK(said(ground, R"(
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.connect(('203.0.113.7', 53))
for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'), (socket.AF_INET, u.getsockname()[0]):
    server = socket.socket(family)
    server.bind((address, 8080))
    server.listen()
    client = socket.socket(family)
    client.connect((address, 8080))
    server.accept()[0].send(b'mine')
    print(client.recv(9))
)") == "b'mine'\nb'mine'\nb'mine'\n");
}

TEST_CASE("the kernel keeps no table of what goes on within the sandbox, and a short one of the rest",
          "[capture]") {
  const Ground ground;
  CHECK(said(ground, R"(
folder = '/proc/sys/net/netfilter/nf_conntrack_'
def setting(name):
    return int(open(folder + name).read())
server = socket.socket()
server.bind(('127.0.0.1', 8080))
server.listen(256)
kept = []
for i in range(100):
    kept += [socket.create_connection(('127.0.0.1', 8080)), server.accept()[0]]
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 1000 + i))
print('within', setting('count') < 10)
for i in range(20):
    kept.append(socket.create_connection(('203.0.113.7', 443)))
print('without', 20 <= setting('count') < 40)
for name in 'tcp_timeout_close_wait', 'tcp_timeout_fin_wait', 'tcp_timeout_time_wait':
    print(setting(name))
)") == "within True\nwithout True\n432000\n432000\n2\n");
}

TEST_CASE("a session cannot change what captures it", "[capture]") {
  const Ground ground;
  sandbox::LaunchPlan plan = python(ground, kAttempt + R"(
import fcntl, struct
attempt(lambda: socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1))
attempt(lambda: socket.socket().setsockopt(socket.SOL_IP, 19, 1))  # IP_TRANSPARENT
attempt(lambda: fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0)))  # SIOCSIFFLAGS: lo down
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 6))
attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
def change(protocol, message):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    s.send(message)
    code = struct.unpack('i', s.recv(4096)[16:20])[0]
    if code:
        raise OSError(-code, '')
link_down = struct.pack('IHHII BBHiII', 32, 16, 5, 1, 0, 0, 0, 0, 1, 0, 1)
attempt(lambda: change(0, link_down))
batch = struct.pack('IHHIIBBH', 20, 16, 1, 1, 0, 0, 0, 0x0a00)
flush = struct.pack('IHHIIBBH', 20, 0x0a02, 5, 2, 0, 1, 0, 0)  # NFT_MSG_DELTABLE: all
end = struct.pack('IHHIIBBH', 20, 17, 1, 3, 0, 0, 0, 0x0a00)
attempt(lambda: change(12, batch + flush + end))
)");
  const Outcome outcome = run(ground, plan);
  REQUIRE(outcome.launched);
  std::istringstream lines(outcome.output);
  int refused = 0;
  for (std::string line; std::getline(lines, line); ++refused) {
    INFO(outcome.output);
    CHECK((line == "EPERM" || line == "EAFNOSUPPORT" || line == "EPROTONOSUPPORT"));
  }
  CHECK(refused == 7);
}

TEST_CASE("while the broker is away captured connections are refused, and questions cost nothing",
          "[capture][broker]") {
  const Ground ground;
  Session session(ground, python(ground, kAttempt + R"(
input()
def refused():
    c = socket.socket()
    c.settimeout(3)
    c.connect(('203.0.113.7', 443))
    c.recv(1)
attempt(refused)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'question', ('8.8.8.8', 53))
print('asked', flush=True)
input()
)"),
                  {.with_broker = true});
  REQUIRE(session.launched());
  REQUIRE(session.next(session.broker())->kind == ReportKind::launched);
  CHECK(session.last_descriptors.size() == kAll);
  session.last_descriptors.clear();
  session.broker() = Channel{};
  REQUIRE(session.next(session.client())->kind == ReportKind::broker_lost);
  session.type("\n");
  REQUIRE(session.sees("ECONNRESET\nasked\n"));
  const long before = processor_time(session.launcher());
  std::this_thread::sleep_for(300ms);
  CHECK(processor_time(session.launcher()) - before < 10);
  session.type("\n");
  CHECK(session.finish().exit_code() == 0);
}
