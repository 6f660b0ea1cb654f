// TLS towards upstreams: verified against the trust store that pawld handed over, never against files.
// Runs in pawl-egress, which cannot open any.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "sandbox/base/error.hpp"

namespace pawl::egress {

// The whole of a regular file or memfd, from its start, wherever its offset is. At most 8 MiB.
Result<std::string> read_whole(int descriptor);
// TLS 1.2 or later, HTTP/1.1 only. Refuses a store without any certificate.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const std::string& trust_store_pem);

}  // namespace pawl::egress
