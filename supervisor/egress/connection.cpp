#include "supervisor/egress/connection.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/write.hpp>

#include "supervisor/egress/refusal.hpp"

namespace pawl::egress {
namespace {

constexpr Duration kLinger = std::chrono::seconds(2);
constexpr std::size_t kMaxLinger = 1024 * 1024;  // bytes

}  // namespace

asio::awaitable<void> Connection::run() {
  for (;;) {
    const Arrival arrival = co_await await_head();
    watchdog_.rest();
    if (arrival == Arrival::gone) co_return;
    if (arrival == Arrival::refused) break;
    const AfterAnswer after = co_await answer_head();
    if (after == AfterAnswer::close) break;
    patience_ = services_.limits.idle;
  }
  co_await linger();
}

// A whole request head, at the front of the agent's input.
asio::awaitable<Connection::Arrival> Connection::await_head() {
  std::array<char, kPiece> space;
  allow(agent_.input.empty() ? patience_ : services_.limits.head);
  for (;;) {
    const HeadScan scan = scan_head(agent_.input);
    head_size_ = scan.size;
    if (scan.state == HeadState::complete && scan.size <= kMaxHead) co_return Arrival::head;
    Refusal refusal;
    if (scan.state == HeadState::malformed) {
      refusal = {400, "a line that does not end with CRLF, an empty first line, or a NUL in the headers"};
    } else if (agent_.input.size() >= kMaxHead) {
      refusal = {431, "the headers are longer than 64 KiB"};
    } else {
      const bool began = !agent_.input.empty();
      const auto [error, size] = co_await agent_.socket.async_read_some(asio::buffer(space), kAwait);
      if (!error && !watchdog_.has_bitten()) {
        if (!began) allow(services_.limits.head);
        agent_.input.append(space.data(), size);
        continue;
      }
      if (agent_.input.empty() || !watchdog_.has_bitten()) co_return Arrival::gone;
      refusal = {408, "the headers did not come in time"};
    }
    wire::EgressReport nothing_known{.route = route_.name};
    co_await refuse_head(std::move(refusal), std::move(nothing_known));
    co_return Arrival::refused;
  }
}

asio::awaitable<AfterAnswer> Connection::answer_head() {
  auto head = parse_request_head(std::string_view(agent_.input).substr(0, head_size_));
  agent_.input.erase(0, head_size_);
  if (!head) {
    wire::EgressReport nothing_known{.route = route_.name};
    co_await refuse_head(std::move(head).error(), std::move(nothing_known));
    co_return AfterAnswer::close;
  }
  std::optional<Refusal> objection = objection_to(*head);
  const auto framing = request_framing(*head);
  if (!objection && !framing) objection = framing.error();
  if (objection) {
    wire::EgressReport report = report_of(route_, *head);
    co_await refuse_head(*std::move(objection), std::move(report));
    co_return AfterAnswer::close;
  }
  Exchange exchange(services_, route_, agent_, *std::move(head), *framing);
  const AfterAnswer after = co_await exchange.run();
  services_.broker.report(exchange.report());
  co_return after;
}

asio::awaitable<void> Connection::refuse_head(Refusal refusal, wire::EgressReport report) {
  const std::string answer = refusal_answer(refusal, route_.name, AfterAnswer::close);
  report.status = refusal.status;
  report.refusal = std::move(refusal.reason);
  services_.broker.report(report);
  allow(kLinger);
  co_await asio::async_write(agent_.socket, asio::buffer(answer), kAwait);
}

// Closing with unread bytes resets the connection, and the agent might lose the answer: they are read away
// first.
asio::awaitable<void> Connection::linger() {
  error_code ignored;
  agent_.socket.shutdown(Socket::shutdown_send, ignored);
  std::array<char, kPiece> space;
  allow(kLinger);
  for (std::size_t done = 0; done < kMaxLinger;) {
    const auto [error, size] = co_await agent_.socket.async_read_some(asio::buffer(space), kAwait);
    if (error) co_return;
    done += size;
  }
}

void Connection::allow(Duration time) {
  watchdog_.watch(time, [this] {
    error_code ignored;
    agent_.socket.cancel(ignored);
  });
}

void turn_away(const Services& services, Socket& socket, const wire::Route& route) {
  const Refusal refusal{503, "too many connections of this session"};
  services.broker.report({.route = route.name, .status = refusal.status, .refusal = refusal.reason});
  const std::string answer = refusal_answer(refusal, route.name, AfterAnswer::close);
  ::send(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace pawl::egress
