#include "tests/unit/supervisor/egress/test_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

namespace pawl::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void limit(int socket) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
  const timeval five{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &five, sizeof(five));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &five, sizeof(five));
}

SSL_CTX* tls_server(const Certified& certified) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* certificate_text =
      BIO_new_mem_buf(certified.certificate.data(), static_cast<int>(certified.certificate.size()));
  BIO* key_text = BIO_new_mem_buf(certified.key.data(), static_cast<int>(certified.key.size()));
  X509* certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_text);
  BIO_free(key_text);
  return context;
}

}  // namespace

Peer::Peer(UniqueFd socket) : socket_(std::move(socket)) { limit(socket_.get()); }

Peer::Peer(UniqueFd socket, SSL_CTX* tls) : Peer(std::move(socket)) {
  ssl_ = SSL_new(tls);
  SSL_set_fd(ssl_, socket_.get());
  good_ = SSL_accept(ssl_) == 1;
}

Peer::Peer(Peer&& other) noexcept
    : socket_(std::move(other.socket_)),
      ssl_(std::exchange(other.ssl_, nullptr)),
      good_(other.good_),
      clean_(other.clean_),
      buffer_(std::move(other.buffer_)) {}

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
}

void Peer::write(std::string_view bytes) {
  while (!bytes.empty() && good_) {
    const ssize_t count = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                          : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) good_ = false;
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool Peer::more() {
  char space[16384];
  const ssize_t count =
      ssl_ != nullptr ? SSL_read(ssl_, space, sizeof(space)) : ::recv(socket_.get(), space, sizeof(space), 0);
  if (count > 0) buffer_.append(space, static_cast<std::size_t>(count));
  clean_ = count == 0;
  return count > 0;
}

std::string Peer::read_until(std::string_view end) {
  std::size_t at = 0;
  while ((at = buffer_.find(end)) == std::string::npos)
    if (!more()) return std::exchange(buffer_, {});
  std::string text = buffer_.substr(0, at + end.size());
  buffer_.erase(0, text.size());
  return text;
}

std::string Peer::read_exactly(std::size_t size) {
  while (buffer_.size() < size)
    if (!more()) return std::exchange(buffer_, {});
  std::string text = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return text;
}

std::string Peer::read_to_end() {
  while (more()) {
  }
  return std::exchange(buffer_, {});
}

void Peer::close() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void Peer::close_sending() { ::shutdown(socket_.get(), SHUT_WR); }

Server::Server(Serve serve, std::optional<Certified> tls) : serve_(std::move(serve)) {
  if (tls) tls_ = tls_server(*tls);
  std::tie(listener_, port_) = listen_on_loopback();
  accepting_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  over_ = true;
  accepting_.join();
  for (std::thread& thread : served_) thread.join();
  if (tls_ != nullptr) SSL_CTX_free(tls_);
}

void Server::accept_all() {
  while (!over_) {
    pollfd readable{listener_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 20) <= 0) continue;
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    ++connections_;
    served_.emplace_back([this, fd = socket.release()] {
      Peer peer = tls_ != nullptr ? Peer(UniqueFd(fd), tls_) : Peer(UniqueFd(fd));
      if (!peer.good()) return;
      serve_(peer);
      peer.close();
    });
  }
}

std::pair<UniqueFd, std::uint16_t> listen_on_loopback() {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener.get(), 64) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no loopback listener");
  return {std::move(listener), ntohs(address.sin_port)};
}

UniqueFd connect_to_loopback(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("no loopback connection");
  return socket;
}

}  // namespace pawl::test
