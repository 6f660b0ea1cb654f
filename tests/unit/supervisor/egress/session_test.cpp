#include "supervisor/egress/session.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <future>

#include "supervisor/wire/frame.hpp"
#include "tests/unit/supervisor/egress/rig.hpp"

using namespace pawl;
using namespace pawl::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr char kGet[] = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

std::string response(std::string_view body, std::string_view more_headers = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(more_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

Rig::Options towards(const Server& server, egress::Limits limits = {}) {
  const std::uint16_t port = server.port();
  return {.route = plain_route(port),
          .trust_store = {},
          .verdict = [port] { return Verdict{port, {}}; },
          .limits = limits};
}

Rig::Options towards(const Server& server, const std::string& host, const std::string& trust_store) {
  Rig::Options options = towards(server);
  options.route = tls_route(host);
  options.trust_store = trust_store;
  return options;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Answers every request with the head it got, as its body.
void echo(Peer& peer) { peer.write(response(peer.read_until("\r\n\r\n"))); }

}  // namespace

TEST_CASE("a request goes up with the real key and the agent's own credentials gone", "[egress][session]") {
  std::promise<std::string> seen;
  const Server server([&](Peer& peer) {
    seen.set_value(peer.read_until("\r\n\r\n"));
    peer.write(response("{}", "X-Model: m\r\n"));
  });
  const Rig rig(towards(server));
  const std::string answer = rig.ask(
      "GET /v1/models?key=mine&x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: placeholder\r\n"
      "Authorization: Bearer mine\r\nCookie: c=mine\r\nConnection: close\r\n\r\n");
  const std::string head = seen.get_future().get();
  CHECK(head.starts_with("GET /v1/models?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(has(head, "x-api-key: "s + kRealKey + "\r\n"));
  CHECK_FALSE(has(head, "mine"));
  CHECK_FALSE(has(head, "placeholder"));
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nX-Model: m\r\n"));
  CHECK(answer.ends_with("\r\n\r\n{}"));
  const auto reports = rig.reports(1);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].route == "anthropic");
  CHECK(reports[0].method == "GET");
  CHECK(reports[0].path == "/v1/models");
  CHECK(reports[0].status == 200);
  CHECK(reports[0].refusal.empty());
  CHECK(reports[0].received == 2);
}

TEST_CASE("bodies of both framings go up whole", "[egress][session]") {
  const Server server([](Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    const std::string body = has(head, "chunked") ? peer.read_until("0\r\n\r\n") : peer.read_exactly(200000);
    peer.write(response(std::to_string(body.size())));
  });
  const Rig rig(towards(server));
  const std::string big(200000, 'b');
  CHECK(rig.ask("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" + big)
            .ends_with("\r\n\r\n200000"));
  CHECK(rig.ask("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n")
            .ends_with("\r\n\r\n" + std::to_string("3\r\nabc\r\n0\r\n\r\n"s.size())));
  const auto reports = rig.reports(2);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].sent == 200000);
  CHECK(reports[1].sent == 3);
}

TEST_CASE("one connection of the agent serves many requests, each over an upstream connection of its own",
          "[egress][session]") {
  const Server server(echo);
  const Rig rig(towards(server));
  Peer agent = rig.agent();
  for (int i = 1; i <= 3; ++i) {
    agent.write("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string head = agent.read_until("\r\n\r\n");
    CHECK(has(head, "Connection: keep-alive"));
    const std::size_t at = head.find("Content-Length: ") + 16;
    const std::string body = agent.read_exactly(std::stoul(head.substr(at)));
    CHECK(body.starts_with("GET /" + std::to_string(i) + " "));
    CHECK(server.connections() == static_cast<std::size_t>(i));
  }
}

TEST_CASE("requests sent ahead are answered in order", "[egress][session]") {
  const Server server(echo);
  const Rig rig(towards(server));
  const std::string answers = rig.ask(
      "GET /one HTTP/1.1\r\nHost: h\r\n\r\nPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
      "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::size_t one = answers.find("GET /one"), two = answers.find("POST /two"),
                    three = answers.find("GET /three");
  CHECK(one < two);
  CHECK(two < three);
  CHECK(three != std::string::npos);
}

TEST_CASE("an echoed key never reaches the agent, in head or body, split or encoded",
          "[egress][session][scrub]") {
  const std::string key = kRealKey;
  const Server server([&](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nX-Echo: " + key + "\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.write("5\r\nkey: \r\n");
    for (char c : key) peer.write("1\r\n"s + c + "\r\n");
    const std::string encoded = to_base64(as_bytes("Bearer " + key));
    char size[16];
    std::snprintf(size, sizeof(size), "%zx\r\n", encoded.size());
    peer.write(size + encoded + "\r\n0\r\n\r\n");
  });
  const Rig rig(towards(server));
  Peer agent = rig.agent();
  agent.write(kGet);
  const std::string head = agent.read_until("\r\n\r\n");
  CHECK(has(head, "X-Echo: " + std::string(key.size(), '*') + "\r\n"));
  std::string body;
  for (;;) {
    const std::size_t size = std::stoul("0" + agent.read_until("\r\n"), nullptr, 16);
    body += agent.read_exactly(size);
    (void)agent.read_exactly(2);
    if (size == 0) break;
  }
  CHECK(body.starts_with("key: " + std::string(key.size(), '*')));
  CHECK_FALSE(has(body, key));
  CHECK_FALSE(has(body, to_base64(as_bytes("Bearer " + key)).substr(12, 24)));
}

TEST_CASE("an event reaches the agent before the next one is sent", "[egress][session][stream]") {
  std::promise<void> first_read;
  auto may_go_on = first_read.get_future();
  const Server server([&](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.write("d\r\ndata: first\n\n\r\n");
    if (may_go_on.wait_for(5s) == std::future_status::ready) peer.write("e\r\ndata: second\n\n\r\n0\r\n\r\n");
  });
  const Rig rig(towards(server));
  Peer agent = rig.agent();
  agent.write(kGet);
  CHECK(has(agent.read_until("data: first\n\n"), "data: first\n\n"));
  first_read.set_value();
  CHECK(has(agent.read_until("0\r\n\r\n"), "data: second\n\n"));
}

TEST_CASE("an upload streams too", "[egress][session][stream]") {
  std::promise<void> first_seen;
  const Server server([&](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    if (peer.read_exactly(5) == "first") first_seen.set_value();
    if (peer.read_exactly(6) == "second") peer.write(response("done"));
  });
  const Rig rig(towards(server));
  Peer agent = rig.agent();
  agent.write("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 11\r\n\r\nfirst");
  REQUIRE(first_seen.get_future().wait_for(5s) == std::future_status::ready);
  agent.write("second");
  CHECK(agent.read_to_end().ends_with("done"));
}

TEST_CASE("an answer without a length is passed on in chunks, so that its end is sure", "[egress][session]") {
  const Server server([](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\n\r\nall of it");
  });
  const Rig rig(towards(server));
  const std::string answer = rig.ask(kGet);
  CHECK(has(answer, "Transfer-Encoding: chunked\r\n"));
  CHECK(answer.ends_with("9\r\nall of it\r\n0\r\n\r\n"));
}

TEST_CASE("answers without a body, interim answers and Expect are understood", "[egress][session]") {
  const Server server([](Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (head.starts_with("HEAD")) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n");
    if (head.starts_with("DELETE")) peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    if (head.starts_with("POST") && peer.read_exactly(4) == "body")
      peer.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + response("ok"));
  });
  const Rig rig(towards(server));
  const std::string tail = " / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
  CHECK(rig.ask("HEAD" + tail + "\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\nConnection: close\r\n\r\n");
  CHECK(rig.ask("DELETE" + tail + "\r\n") == "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  Peer agent = rig.agent();
  agent.write("POST" + tail + "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  CHECK(agent.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  agent.write("body");
  const std::string answer = agent.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("ok"));
}

TEST_CASE("a redirect goes to the agent as it is and is not followed", "[egress][session]") {
  const Server server([](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://evil.example/x\r\nContent-Length: 0\r\n\r\n");
  });
  const Rig rig(towards(server));
  const std::string answer = rig.ask(kGet);
  CHECK(answer.starts_with("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://evil.example/x\r\n"));
  CHECK(server.connections() == 1);
}

TEST_CASE("a request that two programs could read differently ends the connection and goes nowhere",
          "[egress][session][smuggling]") {
  const Server server(echo);
  const Rig rig(towards(server));
  REQUIRE(rig.ask(kGet).starts_with("HTTP/1.1 200"));  // otherwise this proves nothing
  const std::size_t before = server.connections();
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::pair<const char*, std::string> table[] = {
      {"400",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"},
      {"400", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"},
      {"400", "GET / HTTP/1.1\nHost: h\n\n"},
      {"400", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"},
      {"400", "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n"},
      {"400", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"400", "GET / HTTP/1.1\r\n\r\n"},
      {"400", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"},
      {"400", "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com\r\n\r\n"},
      {"405", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"400", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s},
      {"400", "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"505", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"431", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70000, 'x') + "\r\n\r\n"},
  };
  for (const auto& [status, request] : table) {
    INFO(request.substr(0, 100));
    const std::string answer = rig.ask(request + smuggled);
    CHECK(answer.starts_with("HTTP/1.1 "s + status + " "));
    CHECK(has(answer, "Connection: close\r\n"));
    CHECK(has(answer, "\"type\":\"pawl_refused\",\"message\":\"pawl: route anthropic: "));
    CHECK(answer.find("\nHTTP/1.1") == std::string::npos);
  }
  CHECK(server.connections() == before);
  const auto reports = rig.reports(std::size(table) + 1);
  REQUIRE(reports.size() == std::size(table) + 1);
  for (std::size_t i = 1; i < reports.size(); ++i) CHECK_FALSE(reports[i].refusal.empty());
}

TEST_CASE("a body that cannot be read never looks complete to the upstream", "[egress][session][smuggling]") {
  std::promise<std::string> seen;
  const Server server([&](Peer& peer) { seen.set_value(peer.read_to_end()); });
  const Rig rig(towards(server));
  const std::string answer = rig.ask(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n0\r\n\r\nGET / "
      "HTTP/1.1\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(has(seen.get_future().get(), "0\r\n\r\n"));
}

TEST_CASE("an answer that cannot be trusted or searched becomes a 502 that says why", "[egress][session]") {
  const std::pair<std::string, const char*> table[] = {
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "compressed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "both Content-Length"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switched protocols"},
      {"HTTP/1.1 200 OK\nX: y\n\n", "not HTTP/1.1"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "status line"},
      {"", "closed the connection"},
  };
  for (const auto& [bytes, why] : table) {
    const Server server([&, text = bytes](Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(text);
    });
    const Rig rig(towards(server));
    const std::string answer = rig.ask(kGet);
    INFO(answer);
    CHECK(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    CHECK(has(answer, why));
  }
}

TEST_CASE("an answer that breaks off does not look whole", "[egress][session]") {
  const Server server([](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  });
  const Rig rig(towards(server));
  const std::string answer = rig.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(has(answer, "4\r\nhalf\r\n"));
  CHECK_FALSE(has(answer, "0\r\n\r\n"));
  const auto reports = rig.reports(1);
  REQUIRE(reports.size() == 1);
  CHECK(has(reports[0].refusal, "middle of the answer"));
}

TEST_CASE("TLS goes to the certified host only", "[egress][session][tls]") {
  const Authority authority;
  const Authority stranger;
  const auto answer_of = [&](const std::string& certified_for, const Authority& trusted) {
    const Server server(echo, authority.certify(certified_for));
    const Rig rig(towards(server, "api.example.com", trusted.certificate()));
    return rig.ask(kGet);
  };
  const std::string good = answer_of("DNS:api.example.com", authority);
  CHECK(good.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(good, "Host: api.example.com\r\n"));
  CHECK_FALSE(has(good, kRealKey));

  for (const std::string& bad :
       {answer_of("DNS:api.example.org", authority), answer_of("DNS:api.example.com", stranger)}) {
    INFO(bad);
    CHECK(bad.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    CHECK(has(bad, "the certificate of api.example.com is refused: "));
  }
}

TEST_CASE("an address as host is certified as an address", "[egress][session][tls]") {
  const Authority authority;
  const Server server(echo, authority.certify("IP:127.0.0.1"));
  const Rig rig(towards(server, "127.0.0.1", authority.certificate()));
  CHECK(rig.ask(kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  const Server named(echo, authority.certify("DNS:127.0.0.1"));
  const Rig wrong(towards(named, "127.0.0.1", authority.certificate()));
  CHECK(wrong.ask(kGet).starts_with("HTTP/1.1 502 "));
}

TEST_CASE("the broker's refusal is told in its own words", "[egress][session]") {
  const Server server(echo);
  Rig::Options options = towards(server);
  options.verdict = [] {
    return Verdict{
        .failure =
            "api.example.com resolves to the private address 10.1.2.3, which the policy does not list"};
  };
  const Rig rig(options);
  const std::string answer = rig.ask(kGet);
  CHECK(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  CHECK(has(answer, "resolves to the private address 10.1.2.3"));
  CHECK(server.connections() == 0);
}

TEST_CASE("a route without a secret forwards without one", "[egress][session]") {
  const Server server(echo);
  Rig::Options options = towards(server);
  options.route.header.clear();
  options.route.format.clear();
  options.verdict = [port = server.port()] { return Verdict{.port = port, .failure = {}, .secret = {}}; };
  const Rig rig(options);
  const std::string answer =
      rig.ask("GET / HTTP/1.1\r\nHost: h\r\nx-api-key: own\r\nConnection: close\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK_FALSE(has(answer, "api-key"));
}

TEST_CASE("a secret with a newline is never sent", "[egress][session]") {
  std::promise<std::string> seen;
  const Server server([&](Peer& peer) { seen.set_value(peer.read_to_end()); });
  Rig::Options options = towards(server);
  options.verdict = [port = server.port()] {
    return Verdict{.port = port, .failure = {}, .secret = "line\r\nX: y"};
  };
  const Rig rig(options);
  CHECK(rig.ask(kGet).starts_with("HTTP/1.1 502 "));
  CHECK(seen.get_future().get().empty());
}

TEST_CASE("slow headers, a silent upstream and a silent broker end in time", "[egress][session][limits]") {
  std::promise<void> release;
  auto released = release.get_future().share();
  const Server server([released](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    (void)released.wait_for(5s);
  });
  egress::Limits limits;
  limits.head = 200ms;
  limits.idle = 200ms;
  const Rig rig(towards(server, limits));
  CHECK(rig.ask("GET / HTTP/1.1\r\nHost: h\r\n").starts_with("HTTP/1.1 408 "));
  CHECK(rig.ask("").empty());
  CHECK(rig.ask(kGet).starts_with("HTTP/1.1 504 "));
  release.set_value();
}

TEST_CASE("when the agent hangs up, the upstream connection ends", "[egress][session]") {
  std::promise<bool> ended;
  const Server server([&](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n~\r\n");
    // The kernel tells that a client is gone when it is written to: models write all the time.
    for (int i = 0; i < 100 && peer.good(); ++i) {
      peer.write("1\r\n~\r\n");
      std::this_thread::sleep_for(20ms);
    }
    ended.set_value(!peer.good());
  });
  const Rig rig(towards(server));
  {
    Peer agent = rig.agent();
    agent.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    // No key is spelled with it, so it is passed on at once.
    CHECK(has(agent.read_until("~\r\n"), "~\r\n"));
  }
  auto outcome = ended.get_future();
  REQUIRE(outcome.wait_for(4s) == std::future_status::ready);
  CHECK(outcome.get());
  const auto reports = rig.reports(1);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].refusal == "the agent hung up");
}

TEST_CASE("connections beyond the limit are turned away, and room is found again",
          "[egress][session][limits]") {
  const Server server(echo);
  egress::Limits limits;
  limits.connections = 2;
  const Rig rig(towards(server, limits));
  {
    Peer one = rig.agent(), two = rig.agent();
    std::this_thread::sleep_for(50ms);
    CHECK(has(rig.ask(""), "too many connections"));
    const auto reports = rig.reports(1);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].status == 503);
  }
  std::this_thread::sleep_for(50ms);
  CHECK(rig.ask(kGet).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("when pawld goes, the session ends and cuts the agent off", "[egress][session]") {
  std::promise<void> waiting;
  const Server server([&](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    (void)peer.read_to_end();
  });
  Rig rig(towards(server));
  Peer agent = rig.agent();
  agent.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(has(agent.read_until("a\r\n"), "a\r\n"));
  CHECK(rig.lose_broker());
  CHECK(agent.read_to_end().empty());
}

TEST_CASE("a setup that is not whole is refused", "[egress][session]") {
  const auto serve = [](const wire::EgressSetup& setup, std::vector<int> descriptors) {
    auto [ours, theirs] = Channel::pair().value();
    REQUIRE(ours.send(wire::frame(setup), descriptors));
    return egress::serve_session(std::move(theirs), {});
  };
  const auto [listener, port] = listen_on_loopback();
  const UniqueFd connected = connect_to_loopback(port);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const wire::Route good = tls_route("api.example.com");
  CHECK(has(serve({"s", {good}}, {listener.get()}).error().text(), "a listener for each route"));
  CHECK(has(serve({"s", {good}}, {listener.get(), null.get()}).error().text(),
            "trust store: not a regular file"));
  CHECK(has(serve({"s", {plain_route(1)}}, {connected.get()}).error().text(), "not a listening socket"));
  wire::Route bad = good;
  bad.scheme = "ftp";
  CHECK_FALSE(serve({"s", {bad}}, {listener.get(), null.get()}));
  bad = good;
  bad.base_path = "/a\r\nX: y";
  CHECK_FALSE(serve({"s", {bad}}, {listener.get(), null.get()}));
  bad = good;
  bad.format = "Bearer";
  CHECK_FALSE(serve({"s", {bad}}, {listener.get(), null.get()}));

  auto [ours, theirs] = Channel::pair().value();
  ours = Channel();
  CHECK(has(egress::serve_session(std::move(theirs), {}).error().text(), "closed before"));
}
