// What never leaves: the placeholder, and a key towards anywhere but its own route. And who still waits.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

#include "supervisor/egress/session.hpp"
#include "supervisor/wire/frame.hpp"
#include "tests/unit/supervisor/egress/rig.hpp"

using namespace pawl;
using namespace pawl::test;
using namespace std::chrono_literals;

namespace {

constexpr char kPlaceholder[] = "sk-ant-api03-PLACEHOLDER-0123456789";
constexpr char kGet[] = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

std::string response(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

Rig::Options towards(const Server& server) {
  const std::uint16_t port = server.port();
  return {.route = plain_route(port),
          .trust_store = {},
          .verdict = [port] { return Verdict{port, {}}; },
          .limits = {}};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void echo(Peer& peer) { peer.write(response(peer.read_until("\r\n\r\n"))); }

}  // namespace

TEST_CASE("the placeholder in the URL or another header is refused and reported", "[egress][session]") {
  const Server server(echo);
  Rig::Options options = towards(server);
  options.route.placeholder = kPlaceholder;
  const Rig rig(std::move(options));
  const std::string text = kPlaceholder;
  const std::string end = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
  for (const std::string& request :
       {"GET /" + end + "X-Note: " + text + "\r\n\r\n", "GET /?q=" + text + end + "\r\n",
        "GET /" + text + end + "\r\n",
        "GET /" + end + "X-Note: Basic " + to_base64(as_bytes("user:" + text)) + "\r\n\r\n"})
    CHECK(rig.ask(request).starts_with("HTTP/1.1 403 "));
  const auto reports = rig.reports(4);
  REQUIRE(reports.size() == 4);
  for (const wire::EgressReport& report : reports) {
    CHECK(report.status == 403);
    CHECK(has(report.refusal, "placeholder"));
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("the placeholder in a body is masked on its way up and reported, however it is split or written",
          "[egress][session]") {
  const Server server([](Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    const std::size_t length = head.find("Content-Length: ");
    peer.write(response(length == std::string::npos
                            ? peer.read_until("0\r\n\r\n")
                            : peer.read_exactly(std::stoul(head.substr(length + 16)))));
  });
  Rig::Options options = towards(server);
  options.route.placeholder = kPlaceholder;
  const Rig rig(std::move(options));
  const std::string text = kPlaceholder, mask(text.size(), '*');
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
  const auto sized = [&](const std::string& body) {
    return rig.ask(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  CHECK(sized("key: " + text + ".").ends_with("\r\n\r\nkey: " + mask + "."));
  CHECK_FALSE(
      has(sized(to_base64(as_bytes("user:" + text))), to_base64(as_bytes("user:" + text)).substr(12, 12)));
  CHECK(sized("ends like one: " + text.substr(0, 9)).ends_with("ends like one: " + text.substr(0, 9)));
  const std::string split = rig.ask(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + text.substr(0, 5) +
                                    "\r\n1e\r\n" + text.substr(5) + "\r\n0\r\n\r\n");
  CHECK(has(split, "23\r\n" + mask + "\r\n"));
  const auto reports = rig.reports(7);  // four requests, three of them masked
  REQUIRE(reports.size() == 7);
  CHECK(std::ranges::count_if(reports,
                              [](const auto& report) { return has(report.refusal, "was masked"); }) == 3);
}

TEST_CASE("plain http goes to loopback literals only", "[egress][session]") {
  for (const char* host : {"localhost", "10.0.0.1", "api.example.com", "0.0.0.0", "2130706433"}) {
    auto [ours, theirs] = Channel::pair().value();
    auto [listener, port] = listen_on_loopback();
    wire::Route route = plain_route(80);
    route.host = host;
    const int descriptors[] = {listener.get()};
    REQUIRE(ours.send(wire::frame(wire::EgressSetup{.session = "s", .routes = {route}}), descriptors));
    const Result<> ended = egress::serve_session(std::move(theirs), {});
    INFO(host);
    REQUIRE_FALSE(ended);
    CHECK(has(ended.error().text(), "loopback"));
  }
}

TEST_CASE("a key goes into no socket that leads elsewhere than the plain route", "[egress][session]") {
  std::atomic<bool> reached = false;
  const Server server(echo);
  const Server other([&](Peer& peer) { reached = !peer.read_until("\r\n\r\n").empty(); });
  Rig::Options options = towards(server);
  const std::uint16_t port = other.port();
  options.verdict = [port] { return Verdict{port, {}}; };
  const Rig rig(std::move(options));
  const std::string answer = rig.ask(kGet);
  CHECK(answer.starts_with("HTTP/1.1 502 "));
  CHECK(has(answer, "leads elsewhere"));
  CHECK_FALSE(reached);
}

TEST_CASE("an agent that has only closed its sending side gets its answer", "[egress][session]") {
  const Server server([](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    std::this_thread::sleep_for(100ms);
    peer.write(response("late"));
  });
  const Rig rig(towards(server));
  Peer agent = rig.agent();
  agent.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  agent.close_sending();
  CHECK(agent.read_to_end().ends_with("\r\n\r\nlate"));
}
