// An upstream of a test's own on a loopback port: plain, or TLS with a certificate. Each connection is served
// by the test's function on a thread of its own, with blocking calls that all end within seconds.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/base/unique_fd.hpp"
#include "tests/unit/supervisor/egress/test_authority.hpp"

namespace pawl::test {

// A blocking stream socket with a five-second limit on every call.
class Peer {
 public:
  explicit Peer(UniqueFd socket);
  Peer(UniqueFd socket, SSL_CTX* tls);  // the server's side of TLS; see good()
  Peer(Peer&&) noexcept;
  ~Peer();

  bool good() const { return good_; }
  void write(std::string_view bytes);
  // Everything until `end` was read; what came, when the peer closed or time ran out before.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t size);
  std::string read_to_end();
  bool closed_cleanly() const { return clean_; }
  void close();
  void close_sending();

 private:
  bool more();

  UniqueFd socket_;
  SSL* ssl_ = nullptr;
  bool good_ = true;
  bool clean_ = false;
  std::string buffer_;
};

class Server {
 public:
  using Serve = std::function<void(Peer&)>;
  explicit Server(Serve serve, std::optional<Certified> tls = std::nullopt);
  ~Server();

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return connections_; }

 private:
  void accept_all();

  Serve serve_;
  SSL_CTX* tls_ = nullptr;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_ = false;
  std::atomic<std::size_t> connections_ = 0;
  std::vector<std::thread> served_;
  std::thread accepting_;
};

// A listening socket on 127.0.0.1, and its port.
std::pair<UniqueFd, std::uint16_t> listen_on_loopback();
UniqueFd connect_to_loopback(std::uint16_t port);

}  // namespace pawl::test
