#include "supervisor/egress/upstream.hpp"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "supervisor/egress/address.hpp"

namespace pawl::egress {
namespace {

template <class Stream>
asio::awaitable<Transfer> read_from(Stream& stream, asio::mutable_buffer space) {
  const auto [error, size] = co_await stream.async_read_some(space, kAwait);
  // Only close_notify ends a TLS stream; a bare end of the connection (stream_truncated) stays an error.
  if (error == asio::error::eof) co_return Transfer{};
  co_return Transfer{error, size};
}

template <class Stream>
asio::awaitable<error_code> write_to(Stream& stream, std::string_view bytes) {
  const auto [error, size] =
      co_await asio::async_write(stream, asio::buffer(bytes.data(), bytes.size()), kAwait);
  co_return error;
}

class PlainUpstream final : public Upstream {
 public:
  explicit PlainUpstream(Socket socket) : socket_(std::move(socket)) {}
  asio::awaitable<Result<>> handshake() override { co_return Result<>{}; }
  asio::awaitable<Transfer> read_some(asio::mutable_buffer space) override {
    return read_from(socket_, space);
  }
  asio::awaitable<error_code> write(std::string_view bytes) override { return write_to(socket_, bytes); }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};

class TlsUpstream final : public Upstream {
 public:
  TlsUpstream(Socket socket, boost::asio::ssl::context& tls, std::string host)
      : stream_(std::move(socket), tls), host_(std::move(host)) {}

  // The certificate must be for this host, by name or by address.
  Result<> expect_host() {
    SSL* ssl = stream_.native_handle();
    if (parse_address(host_)) {
      if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str()) == 1) return {};
    } else {
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
      if (SSL_set1_host(ssl, host_.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host_.c_str()) == 1)
        return {};
    }
    return refuse("TLS cannot be told to expect " + host_);
  }

  asio::awaitable<Result<>> handshake() override {
    const auto [error] = co_await stream_.async_handshake(boost::asio::ssl::stream_base::client, kAwait);
    if (!error) co_return Result<>{};
    const long verdict = SSL_get_verify_result(stream_.native_handle());
    if (verdict != X509_V_OK)
      co_return refuse("the certificate of " + host_ +
                       " is refused: " + X509_verify_cert_error_string(verdict));
    co_return refuse("no TLS with " + host_ + ": " + error.message());
  }
  asio::awaitable<Transfer> read_some(asio::mutable_buffer space) override {
    return read_from(stream_, space);
  }
  asio::awaitable<error_code> write(std::string_view bytes) override { return write_to(stream_, bytes); }
  void close() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  boost::asio::ssl::stream<Socket> stream_;
  std::string host_;
};

// Without TLS nothing else tells that the other end is the one that the key is for.
Result<> expect_peer(int descriptor, const wire::Route& route) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return failed("look where the upstream's socket leads");
  Address peer;
  std::uint16_t port = 0;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof(v4));
    std::memcpy(peer.bytes.data(), &v4.sin_addr, sizeof(v4.sin_addr));
    port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof(v6));
    peer.family = Address::Family::v6;
    std::memcpy(peer.bytes.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
    port = ntohs(v6.sin6_port);
  }
  if (parse_address(route.host) == peer && port == route.port) return {};
  return refuse("the socket for the upstream leads elsewhere");
}

}  // namespace

Result<std::unique_ptr<Upstream>> make_upstream(asio::io_context& io, UniqueFd descriptor,
                                                const wire::Route& route, boost::asio::ssl::context* tls) {
  int family = 0;
  socklen_t size = sizeof(family);
  if (::getsockopt(descriptor.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
    return failed("the descriptor for the upstream is not a socket");
  if (route.scheme == "http") TRY(expect_peer(descriptor.get(), route));
  Socket socket(io);
  error_code error;
  socket.assign(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor.get(), error);
  if (error) return refuse("the socket to the upstream cannot be used: " + error.message());
  descriptor.release();  // the socket owns it now
  if (route.scheme == "http") return std::make_unique<PlainUpstream>(std::move(socket));
  auto stream = std::make_unique<TlsUpstream>(std::move(socket), *tls, route.host);
  TRY(stream->expect_host());
  return stream;
}

}  // namespace pawl::egress
