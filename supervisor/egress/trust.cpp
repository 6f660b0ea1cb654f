#include "supervisor/egress/trust.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ssl.hpp>

namespace pawl::egress {
namespace {

constexpr off_t kMaxTrustStore = 8 * 1024 * 1024;

}  // namespace

Result<std::string> read_whole(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return failed("fstat");
  if (!S_ISREG(status.st_mode) || status.st_size > kMaxTrustStore)
    return refuse("not a regular file of at most 8 MiB");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        ::pread(descriptor, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("pread");
    if (count == 0) return refuse("it became shorter while it was read");
    done += static_cast<std::size_t>(count);
  }
  return text;
}

Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const std::string& trust_store_pem) {
  // Before anything else initializes OpenSSL: openssl.cnf is not there, and must not matter where it is.
  if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) return refuse("OpenSSL does not start");
  auto tls = std::make_unique<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  boost::system::error_code error;
  tls->add_certificate_authority(boost::asio::buffer(trust_store_pem), error);
  X509_STORE* store = SSL_CTX_get_cert_store(tls->native_handle());
  if (error || sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) == 0)
    return refuse("trust store: no readable certificate in it",
                  "install ca-certificates, or look at the file that pawld hands over");
  SSL_CTX* context = tls->native_handle();
  static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols)) != 0)
    return refuse("OpenSSL refuses its settings");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return tls;
}

}  // namespace pawl::egress
