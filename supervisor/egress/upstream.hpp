// One connection to an upstream, over a socket that pawl-dial connected: TLS, verified to the route's host,
// or plain where the route says http. Runs in pawl-egress.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string_view>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/egress/asio.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::egress {

class Upstream {
 public:
  virtual ~Upstream() = default;
  // Nothing is read or written before this succeeded.
  virtual asio::awaitable<Result<>> handshake() = 0;
  virtual asio::awaitable<Transfer> read_some(asio::mutable_buffer space) = 0;
  // All of it, or an error.
  virtual asio::awaitable<error_code> write(std::string_view bytes) = 0;
  // At once; whatever is under way ends with an error.
  virtual void close() = 0;
};

// `tls` is not null where the route says https.
Result<std::unique_ptr<Upstream>> make_upstream(asio::io_context& io, UniqueFd socket,
                                                const wire::Route& route, boost::asio::ssl::context* tls);

}  // namespace pawl::egress
