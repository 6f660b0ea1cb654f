// The few Asio parts that pawl-egress uses, and its one way of awaiting: errors come back as values.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <tuple>

namespace pawl::egress {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::ip::tcp::socket;
using Duration = std::chrono::milliseconds;

inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// For co_spawn: an exception is a bug and ends the process, instead of a coroutine that quietly never
// finished.
inline constexpr auto kRethrow = [](std::exception_ptr bug) {
  if (bug) std::rethrow_exception(bug);
};

struct Transfer {
  error_code error;
  std::size_t size = 0;  // bytes; 0 without an error: the peer has closed
};

}  // namespace pawl::egress
