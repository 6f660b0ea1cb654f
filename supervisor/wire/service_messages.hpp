// Between pawld and its own processes: the spawner, pawl-egress (one a session) and pawl-dial.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/wire/common.hpp"

namespace pawl::wire {

enum class Program : std::uint8_t {
  launch,    // pawl-launch; descriptor: its control channel (launch_protocol.hpp), which says all the rest
  notifier,  // the operator's own command; descriptor: its standard input
};
constexpr Program last_of(Program) { return Program::notifier; }

// pawld → spawner. No answer: a launch reports on its channel, a notifier is not waited for.
struct Spawn {
  static constexpr Type type = Type::spawn;
  Program program = Program::launch;
  std::vector<std::string> argv;  // notifier only

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.program, self.argv);
  }
};

// How the provider takes its credential, and where it lives.
struct Route {
  std::string name;    // of the role's [[llm]]
  std::string scheme;  // "https" or "http"
  std::string host;
  std::uint16_t port = 0;
  std::string base_path;  // put before the request's path; "" or "/v1"-like without a trailing slash
  std::string header;     // lower case: "x-api-key", "authorization", "x-goog-api-key"
  std::string format;     // "{secret}" or "Bearer {secret}"
  // What the agent holds instead of the key; worth nothing anywhere, and sent up in no place but the
  // credential's own slot, where it is dropped.
  std::string placeholder;

  bool operator==(const Route&) const = default;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.scheme, self.host, self.port, self.base_path, self.header, self.format,
            self.placeholder);
  }
};

// pawld → egress, first and once. Descriptors: one listening socket for each route, in order; then, if a
// route is https, the trust store (PEM certificates) as a regular file or memfd.
struct EgressSetup {
  static constexpr Type type = Type::egress_setup;
  std::string session;
  std::vector<Route> routes;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.session, self.routes);
  }
};

// egress → pawld: a verdict, a connection and the secret for one route.
struct EgressConnect {
  static constexpr Type type = Type::egress_connect;
  std::uint32_t number = 0;
  std::string route;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.route);
  }
};

// pawld → egress. Descriptor: the connected socket, when failure is empty.
struct EgressConnected {
  static constexpr Type type = Type::egress_connected;
  std::uint32_t number = 0;
  std::string failure;
  std::string secret;  // held only while it forwards

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.failure, self.secret);
  }
};

// egress → pawld, for the ledger: one forwarded or refused request.
struct EgressReport {
  static constexpr Type type = Type::egress_report;
  std::string route;
  std::string method;
  std::string path;            // without the query
  std::uint32_t status = 0;    // the upstream's, or the one that egress itself answered
  std::string refusal;         // empty: forwarded
  std::uint64_t sent = 0;      // body bytes up
  std::uint64_t received = 0;  // body bytes down

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.route, self.method, self.path, self.status, self.refusal, self.sent, self.received);
  }
};

// pawld → dialer.
struct Dial {
  static constexpr Type type = Type::dial;
  std::uint32_t number = 0;
  std::string host;  // a name, or an address literal that policy lists
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  // private or loopback addresses that are allowed all the same

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.host, self.port, self.addresses);
  }
};

// dialer → pawld. Descriptor: the connected socket, when failure is empty.
struct Dialed {
  static constexpr Type type = Type::dialed;
  std::uint32_t number = 0;
  std::string failure;
  std::string address;  // the one that was connected to

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.failure, self.address);
  }
};

}  // namespace pawl::wire
