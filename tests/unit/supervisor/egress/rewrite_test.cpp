#include "supervisor/egress/rewrite.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;

namespace {

constexpr std::string_view kSecret = "sk-real-0123456789";

pawl::wire::Route route(std::string base_path = "") {
  return {.name = "anthropic",
          .scheme = "https",
          .host = "api.example.com",
          .port = 443,
          .base_path = std::move(base_path),
          .header = "x-api-key",
          .format = "{secret}"};
}

RequestHead request(std::string method, std::string target, std::vector<Field> fields = {}) {
  fields.insert(fields.begin(), {"Host", "127.0.0.1:8101"});
  return {std::move(method), std::move(target), std::move(fields)};
}

pawl::Result<std::string> whole_head(const RequestHead& head, const Framing& framing,
                                     const pawl::wire::Route& to, std::string_view secret) {
  return upstream_head(upstream_lines(head, framing, to), to, secret);
}

std::string up(const RequestHead& head, const Framing& framing = {}) {
  const auto text = whole_head(head, framing, route(), kSecret);
  REQUIRE(text);
  return *text;
}

unsigned refused(const RequestHead& head) {
  const auto objection = objection_to(head);
  return objection ? objection->status : 0;
}

}  // namespace

TEST_CASE("the agent's bytes of method and target go up exactly", "[egress][rewrite]") {
  const std::string text = up(request("POST", "/v1/m%65ssages;a=b?x=%20&y=a+b&&z"));
  CHECK(text.starts_with("POST /v1/m%65ssages;a=b?x=%20&y=a+b&&z HTTP/1.1\r\nHost: api.example.com\r\n"));
  CHECK(upstream_target("/api", "/v1/x") == "/api/v1/x");
  CHECK(upstream_target("", "/x?") == "/x?");
}

TEST_CASE("every credential slot of the agent is emptied, the route's own one is filled",
          "[egress][rewrite]") {
  for (const char* slot : {"authorization",
                           "Authorization",
                           "Proxy-Authorization",
                           "Cookie",
                           "x-api-key",
                           "X-API-KEY",
                           "x_api_key",
                           "X-Goog-Api-Key",
                           "api-key",
                           "apikey",
                           "X-Auth-Token",
                           "X-Amz-Security-Token",
                           "Ocp-Apim-Subscription-Key",
                           "X-Authorization",
                           "Authentication",
                           "Anthropic-Auth-Token",
                           "OpenAI-Organization",
                           "OpenAI-Project",
                           "X-Goog-User-Project",
                           "X-Forwarded-For",
                           "x_forwarded_host",
                           "X-Forwarded-Authorization",
                           "X-HTTP-Method-Override",
                           "X-Original-URL",
                           "X-Rewrite-URL",
                           "Forwarded"}) {
    INFO(slot);
    const std::string text = up(request("GET", "/", {{slot, "agents-own"}, {"X-Kept", "1"}}));
    CHECK(text.find("agents-own") == std::string::npos);
    CHECK(text.find("X-Kept: 1\r\n") != std::string::npos);
    CHECK(text.find("x-api-key: sk-real-0123456789\r\n") != std::string::npos);
  }
  pawl::wire::Route other = route();
  other.header = "x-house-key";
  other.format = "Key {secret}!";
  const auto text = whole_head(request("GET", "/", {{"X-House-Key", "agents-own"}}), {}, other, kSecret);
  REQUIRE(text);
  CHECK(text->find("agents-own") == std::string::npos);
  CHECK(text->find("x-house-key: Key sk-real-0123456789!\r\n") != std::string::npos);
}

TEST_CASE("credential parameters are cut out of the query and nothing else is", "[egress][rewrite]") {
  CHECK(upstream_target("", "/m?alt=sse&key=mine&x=1") == "/m?alt=sse&x=1");
  CHECK(upstream_target("", "/m?key=mine") == "/m");
  CHECK(upstream_target("", "/m?key=mine&x=1") == "/m?x=1");
  CHECK(upstream_target("", "/m?x=1&KEY=mine") == "/m?x=1");
  CHECK(upstream_target("", "/m?%6bey=mine&x") == "/m?x");
  CHECK(upstream_target("", "/m?k%65%79=mine;x") == "/m?x");
  CHECK(upstream_target("", "/m?a;key=mine") == "/m?a");
  CHECK(upstream_target("", "/m?api_key=1&access_token=2&$key=3&x") == "/m?x");
  CHECK(upstream_target("", "/m?monkey=1&keys=2&pageToken=3") == "/m?monkey=1&keys=2&pageToken=3");
}

TEST_CASE("headers between two neighbours do not go up, nor those that Connection names",
          "[egress][rewrite]") {
  const std::string text = up(request("GET", "/",
                                      {{"Connection", "keep-alive, X-Private"},
                                       {"X-Private", "p"},
                                       {"Keep-Alive", "5"},
                                       {"TE", "trailers"},
                                       {"Trailer", "X"},
                                       {"Proxy-Connection", "close"},
                                       {"Accept-Encoding", "gzip, br"},
                                       {"Range", "bytes=0-3"},
                                       {"Expect", "100-continue"},
                                       {"anthropic-version", "2023-06-01"}}));
  for (const char* gone : {"X-Private", "Keep-Alive", "TE:", "Trailer", "Proxy-Connection", "gzip", "Range",
                           "Expect", "127.0.0.1", "keep-alive"})
    CHECK(text.find(gone) == std::string::npos);
  CHECK(text.find("Connection: close\r\n") != std::string::npos);
  CHECK(text.find("Accept-Encoding: identity\r\n") != std::string::npos);
  CHECK(text.find("anthropic-version: 2023-06-01\r\n") != std::string::npos);
}

TEST_CASE("the agent cannot name the injected header in Connection to lose it", "[egress][rewrite]") {
  const std::string text = up(request("GET", "/", {{"Connection", "x-api-key"}}));
  CHECK(text.find("x-api-key: sk-real-0123456789\r\n") != std::string::npos);
}

TEST_CASE("a route without a secret puts nothing in and drops the agent's own all the same",
          "[egress][rewrite]") {
  pawl::wire::Route open = route();
  open.header.clear();
  open.format.clear();
  const auto text = whole_head(request("GET", "/", {{"x-api-key", "agents-own"}}), {}, open, "");
  REQUIRE(text);
  CHECK(text->find("api-key") == std::string::npos);
  CHECK(text->ends_with("Connection: close\r\n\r\n"));
}

TEST_CASE("the body is framed anew", "[egress][rewrite]") {
  const RequestHead chunked = request("POST", "/", {{"Transfer-Encoding", "chunked"}});
  CHECK(up(chunked, {.kind = Framing::Kind::chunked}).find("Transfer-Encoding: chunked\r\n") !=
        std::string::npos);
  const RequestHead sized = request("POST", "/", {{"Content-Length", "007"}});
  CHECK(up(sized, {.kind = Framing::Kind::length, .length = 7}).find("Content-Length: 7\r\n") !=
        std::string::npos);
}

TEST_CASE("an unusual port and an IPv6 address stand in Host as RFC 3986 writes them", "[egress][rewrite]") {
  pawl::wire::Route local = route();
  local.scheme = "http";
  local.host = "::1";
  local.port = 9001;
  const auto text = whole_head(request("GET", "/"), {}, local, kSecret);
  REQUIRE(text);
  CHECK(text->find("Host: [::1]:9001\r\n") != std::string::npos);
}

TEST_CASE("a secret that would break the header line is refused", "[egress][rewrite]") {
  for (std::string_view bad :
       {std::string_view("a\r\nX: y"), std::string_view("a\n"), std::string_view("a b"),
        std::string_view("a\0b", 3), std::string_view("caf\xc3\xa9"), std::string_view()})
    CHECK_FALSE(whole_head(request("GET", "/"), {}, route(), bad));
}

TEST_CASE("tunnels, upgrades, echoes and climbing paths are never taken", "[egress][rewrite][smuggling]") {
  CHECK(refused(request("GET", "/v1/models")) == 0);
  CHECK(refused(request("GET", "/a%2F..%2Fb")) == 0);  // %2F is opaque: one segment
  CHECK(refused(request("GET", "/a...b/..c/.d")) == 0);
  CHECK(refused(request("POST", "/", {{"Expect", "100-Continue"}})) == 0);

  CHECK(refused(request("CONNECT", "example.com:443")) == 400);
  CHECK(refused(request("TRACE", "/")) == 405);
  CHECK(refused(request("get", "/")) == 405);
  CHECK(refused(request("GET", "http://api.example.com/v1")) == 400);
  CHECK(refused(request("GET", "//h/x")) == 0);  // a path like any other: the connection is made already
  CHECK(refused(request("OPTIONS", "*")) == 400);
  CHECK(refused(request("GET", "v1")) == 400);
  for (const char* target : {"/..", "/.", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/b", "/.%2E/b", "/a/%2e",
                             "/..;x/b", "/a\\b", "/a%5cb", "/a%00b", "/a#b", "/%2E%2e;/b"}) {
    INFO(target);
    CHECK(refused(request("GET", target)) == 400);
  }
  CHECK(refused(request("GET", "/", {{"Host", "other"}})) == 400);
  CHECK(refused(RequestHead{"GET", "/", {}}) == 400);
  CHECK(refused(request("GET", "/", {{"Upgrade", "h2c"}})) == 400);
  CHECK(refused(request("GET", "/", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}})) == 400);
  CHECK(refused(request("GET", "/", {{"HTTP2-Settings", "AAMAAABk"}})) == 400);
  CHECK(refused(request("GET", "/", {{"Expect", "200-ok"}})) == 417);
}

TEST_CASE("an answer goes back with its redirect untouched and without the upstream's cookies",
          "[egress][rewrite]") {
  const ResponseHead head{302,
                          "Found",
                          {{"Location", "https://elsewhere.example/x?y"},
                           {"Set-Cookie", "session=abc"},
                           {"Alt-Svc", "h3=\":443\""},
                           {"Connection", "close, X-Hop"},
                           {"X-Hop", "1"},
                           {"Content-Length", "2"}}};
  const std::string text =
      agent_head(head, {.kind = Framing::Kind::length, .length = 2}, AfterAnswer::keep_open);
  CHECK(text ==
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/x?y\r\nContent-Length: 2\r\n"
        "Connection: keep-alive\r\n\r\n");
  CHECK(agent_head({200, "OK", {{"Content-Length", "9"}}}, {}, AfterAnswer::close) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n");
}

TEST_CASE("an answer that cannot be searched is not passed on", "[egress][rewrite]") {
  CHECK_FALSE(objection_to(ResponseHead{200, "OK", {{"Content-Encoding", "identity"}}}));
  CHECK(objection_to(ResponseHead{200, "OK", {{"Content-Encoding", "gzip"}}}));
  CHECK(objection_to(ResponseHead{200, "OK", {{"content-encoding", "identity, br"}}}));
  CHECK(objection_to(ResponseHead{101, "Switching Protocols", {}}));
  CHECK(objection_to(ResponseHead{206, "Partial Content", {}}));
}

TEST_CASE("credentials in the query are dropped, one by one", "[egress][rewrite]") {
  for (const char* name : {"key", "subscription-key", "auth_token", "client_secret", "access_token",
                           "X-Amz-Signature", "x-amz-credential", "X-Amz-Security-Token", "X-Goog-Signature",
                           "%73ubscription-key", "api_key", "sig"}) {
    INFO(name);
    CHECK(upstream_target("", "/v1?a=1&" + std::string(name) + "=mine&b=2") == "/v1?a=1&b=2");
  }
  CHECK(upstream_target("", "/v1?monkey=1&tokens=2") == "/v1?monkey=1&tokens=2");
}
