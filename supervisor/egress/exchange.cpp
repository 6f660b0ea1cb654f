#include "supervisor/egress/exchange.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "supervisor/egress/refusal.hpp"

namespace pawl::egress {
namespace {

std::string chunk(std::string_view body) {
  char size[20];
  const int digits = std::snprintf(size, sizeof(size), "%zx\r\n", body.size());
  std::string framed(size, static_cast<std::size_t>(digits));
  return framed.append(body).append("\r\n");
}

constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr unsigned kMaxInterim = 16;        // interim answers before the final one
constexpr std::size_t kMaxReported = 1024;  // bytes of the agent's text in a report

constexpr char kPlaceholderRefused[] =
    "the session's placeholder key stands in the URL or in another header than its own";
constexpr char kPlaceholderMasked[] = "the session's placeholder key was masked in the request's body";

// `ended`: nothing more comes. That is how a client half-closes, which waits for its answer all the same, and
// also how one begins to go away: the kernel tells them apart only when it is written to.
enum class AgentState : std::uint8_t { there, ended, gone };
AgentState state_of(Socket& socket) {
  char byte = 0;
  const ssize_t there = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (there == 0) return AgentState::ended;
  return there > 0 || errno == EAGAIN || errno == EINTR ? AgentState::there : AgentState::gone;
}

}  // namespace

wire::EgressReport report_of(const wire::Route& route, const RequestHead& head) {
  const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
  return {.route = route.name,
          .method = head.method.substr(0, kMaxReported),
          .path = std::string(path.substr(0, kMaxReported))};
}

Exchange::Exchange(const Services& services, const wire::Route& route, AgentSide& agent, RequestHead head,
                   Framing framing)
    : services_(services),
      route_(route),
      agent_(agent),
      head_(std::move(head)),
      framing_(framing),
      report_(report_of(route, head_)),
      after_(wanted_after(head_)),
      placeholder_(route.placeholder),
      watchdog_(services.io),
      upload_ended_(services.io) {}

asio::awaitable<AfterAnswer> Exchange::run() {
  const Objection objection = co_await forward();
  stop();
  co_await finish_upload();
  upstream_.reset();
  scrubber_.reset();
  if (objection && !answered_ && !agent_gone_) {
    // The request's body may still be on its way: nobody can tell where the next request begins.
    if (!uploaded_ && framing_.kind != Framing::Kind::none) after_ = AfterAnswer::close;
    report_.status = objection->status;
    watchdog_.watch(services_.limits.head, [this] { stop(); });
    const std::string answer = refusal_answer(*objection, route_.name, after_);
    co_await write_agent(answer);
  } else if (objection || !uploaded_) {
    after_ = AfterAnswer::close;
  }
  if (placeholder_.has_masked()) {
    wire::EgressReport masked = report_;
    masked.refusal = kPlaceholderMasked;
    services_.broker.report(masked);
  }
  if (agent_gone_) after_ = AfterAnswer::close;
  if (objection) report_.refusal = agent_gone_ ? "the agent hung up" : objection->reason;
  co_return after_;
}

asio::awaitable<Exchange::Objection> Exchange::forward() {
  Objection objection = co_await open();
  if (objection) co_return objection;
  co_return co_await download();
}

// A connection to the upstream with the request's head on it, and the upload under way.
asio::awaitable<Exchange::Objection> Exchange::open() {
  const std::string lines = upstream_lines(head_, framing_, route_);
  if (placeholder_.is_in(lines)) co_return Refusal{403, kPlaceholderRefused};
  Result<Grant> grant = co_await services_.broker.connect(route_.name, services_.limits.connect);
  if (!grant) co_return Refusal{502, grant.error().text()};
  Result<std::unique_ptr<Upstream>> made =
      make_upstream(services_.io, std::move(grant->socket), route_, services_.tls);
  if (!made) co_return Refusal{502, made.error().text()};
  upstream_ = *std::move(made);
  watchdog_.watch(services_.limits.connect, [this] { stop(); });
  const Result<> shaken = co_await upstream_->handshake();
  if (!shaken) {
    if (watchdog_.has_bitten()) co_return Refusal{504, "no TLS with " + route_.host + " in time"};
    co_return Refusal{502, shaken.error().text()};
  }
  const AgentState agent = state_of(agent_.socket);
  const bool body_owed = framing_.kind == Framing::Kind::length && agent_.input.size() < framing_.length;
  agent_gone_ = agent == AgentState::gone || (agent == AgentState::ended && body_owed);
  if (agent_gone_) co_return Refusal{400, "nothing was sent"};
  watchdog_.watch(services_.limits.idle, [this] { stop(); });
  scrubber_.emplace(grant->secret.reveal());
  co_return co_await send_head(lines, grant->secret.reveal());
}

asio::awaitable<Exchange::Objection> Exchange::send_head(std::string_view lines, std::string_view secret) {
  Result<std::string> head = upstream_head(lines, route_, secret);
  if (!head) co_return Refusal{502, head.error().text()};
  upstream_error_ = co_await upstream_->write(*head);
  scrub::wipe(*head);
  if (upstream_error_) co_return upstream_failure("sending the request");
  if (expects_continue(head_) && framing_.kind != Framing::Kind::none && agent_.input.empty())
    co_await write_agent(kContinue);
  upload_running_ = true;
  asio::co_spawn(services_.io, upload(), kRethrow);
  co_return std::nullopt;
}

asio::awaitable<void> Exchange::upload() {
  co_await upload_body();
  if (uploaded_) co_await watch_agent();
  upload_running_ = false;
  upload_ended_.cancel();
}

asio::awaitable<void> Exchange::upload_body() {
  BodyDecoder decoder(framing_);
  const bool chunked = framing_.kind == Framing::Kind::chunked;
  std::string body;
  std::array<char, kPiece> space;
  for (;;) {
    body.clear();
    const Result<std::size_t> used = decoder.feed(agent_.input, body);
    if (!used) {
      // A body that cannot be read must not look complete to the upstream.
      bad_body_ = Refusal{400, "the request's body has " + used.error().trail};
      stop();
      co_return;
    }
    agent_.input.erase(0, *used);
    report_.sent += body.size();
    // Masked rather than refused: an agent that once looked at its environment tells its model of it in every
    // later request, and would never speak to it again.
    placeholder_.scrub_piece(body);
    if (decoder.finished()) body += placeholder_.rest();
    std::string framed = chunked && !body.empty() ? chunk(body) : std::move(body);
    if (chunked && decoder.finished()) framed += kLastChunk;
    if (!framed.empty()) {
      const error_code error = co_await upstream_->write(framed);
      // The upstream may have answered and closed: what it said decides.
      if (error || stopping_) co_return;
      watchdog_.renew();
    }
    if (decoder.finished()) break;
    const auto [error, size] = co_await agent_.socket.async_read_some(asio::buffer(space), kAwait);
    if (stopping_) co_return;
    if (error) {
      agent_gone_ = true;
      stop();
      co_return;
    }
    watchdog_.renew();
    agent_.input.append(space.data(), size);
  }
  uploaded_ = true;
}

// The upstream's work is ended for an agent that is gone. Bytes of a next request end the watch: they wait
// their turn.
asio::awaitable<void> Exchange::watch_agent() {
  while (!stopping_ && agent_.input.empty()) {
    const auto [error] = co_await agent_.socket.async_wait(Socket::wait_read, kAwait);
    if (error || stopping_) co_return;
    AgentState agent = state_of(agent_.socket);
    if (agent == AgentState::ended) {
      const auto [failed] = co_await agent_.socket.async_wait(Socket::wait_error, kAwait);
      if (failed || stopping_) co_return;
      agent = AgentState::gone;
    }
    agent_gone_ = agent == AgentState::gone;
    if (agent_gone_) stop();
    if (agent_gone_ || agent_.socket.available() > 0) co_return;
  }
}

asio::awaitable<Exchange::Objection> Exchange::download() {
  std::expected<ResponseHead, Refusal> head = co_await read_response_head();
  if (!head) co_return std::move(head).error();
  Objection objection = objection_to(*head);
  if (objection) co_return objection;
  co_return co_await pass_answer(*head);
}

asio::awaitable<std::expected<ResponseHead, Refusal>> Exchange::read_response_head() {
  for (unsigned interim = 0; interim <= kMaxInterim;) {
    const HeadScan scan = scan_head(answer_);
    if (scan.state == HeadState::malformed ||
        (scan.state == HeadState::incomplete && answer_.size() >= kMaxHead))
      co_return std::unexpected(
          Refusal{502, "the upstream's answer is not HTTP/1.1, or its head is too long"});
    if (scan.state == HeadState::incomplete) {
      const bool more = co_await read_upstream();
      if (!more) co_return std::unexpected(upstream_failure("waiting for the answer"));
      continue;
    }
    Result<ResponseHead> head = parse_response_head(std::string_view(answer_).substr(0, scan.size));
    answer_.erase(0, scan.size);
    if (!head)
      co_return std::unexpected(Refusal{502, "the upstream's answer has " + std::move(head).error().trail});
    // Interim answers (100, 103) are this hop's own affair.
    if (head->status >= 200 || head->status == 101) co_return *std::move(head);
    ++interim;
  }
  co_return std::unexpected(Refusal{502, "the upstream sends interim answers without end"});
}

asio::awaitable<Exchange::Objection> Exchange::pass_answer(const ResponseHead& head) {
  const Result<Framing> framing = response_framing(head, head_.method);
  if (!framing) co_return Refusal{502, "the upstream's answer has " + framing.error().trail};
  if (!uploaded_) after_ = AfterAnswer::close;
  std::string text = agent_head(head, *framing, after_);
  scrubber_->scrub_whole(text);
  report_.status = head.status;
  answered_ = true;
  const bool written = co_await write_agent(text);
  if (!written) co_return Refusal{502, "the agent does not read"};
  BodyDecoder decoder(*framing);
  const bool chunked = framing->kind == Framing::Kind::chunked || framing->kind == Framing::Kind::until_close;
  const bool whole = co_await pass_body(decoder, chunked);
  if (!whole) co_return upstream_failure("in the middle of the answer");
  co_return std::nullopt;
}

// Every piece goes on at once: a model's words are read as they come.
asio::awaitable<bool> Exchange::pass_body(BodyDecoder& decoder, bool chunked) {
  std::string body;
  for (;;) {
    body.clear();
    const Result<std::size_t> used = decoder.feed(answer_, body);
    if (!used) co_return false;
    answer_.clear();  // whatever follows the answer belongs to nobody: the connection is closed
    report_.received += body.size();
    scrubber_->scrub_piece(body);
    if (decoder.finished()) body += scrubber_->rest();
    std::string framed = chunked && !body.empty() ? chunk(body) : std::move(body);
    if (chunked && decoder.finished()) framed += kLastChunk;
    if (!framed.empty()) {
      const bool written = co_await write_agent(framed);
      if (!written) co_return false;
    }
    if (decoder.finished()) co_return true;
    const bool more = co_await read_upstream();
    if (more) continue;
    if (upstream_error_ || !decoder.end_of_stream()) co_return false;
  }
}

asio::awaitable<bool> Exchange::write_agent(std::string_view bytes) {
  if (agent_gone_) co_return false;
  const auto [error, size] =
      co_await asio::async_write(agent_.socket, asio::buffer(bytes.data(), bytes.size()), kAwait);
  if (error) agent_gone_ = true;
  watchdog_.renew();
  co_return !error;
}

// False: the upstream has closed, or upstream_error_ says why there is no more.
asio::awaitable<bool> Exchange::read_upstream() {
  std::array<char, kPiece> space;
  const Transfer transfer = co_await upstream_->read_some(asio::buffer(space));
  upstream_error_ = transfer.error;
  if (transfer.error || transfer.size == 0) co_return false;
  watchdog_.renew();
  answer_.append(space.data(), transfer.size);
  co_return true;
}

asio::awaitable<void> Exchange::finish_upload() {
  if (!upload_running_) co_return;
  upload_ended_.expires_at(asio::steady_timer::time_point::max());
  co_await upload_ended_.async_wait(kAwait);
}

Refusal Exchange::upstream_failure(std::string what) const {
  if (bad_body_) return *bad_body_;
  if (watchdog_.has_bitten()) return {504, "no byte from " + route_.host + " in time, " + what};
  if (upstream_error_) return {502, route_.host + " failed " + what + ": " + upstream_error_.message()};
  return {502, route_.host + " closed the connection " + what};
}

// Ends whatever is under way, in both directions.
void Exchange::stop() {
  stopping_ = true;
  watchdog_.rest();
  if (upstream_) upstream_->close();
  error_code ignored;
  if (upload_running_ || watchdog_.has_bitten()) agent_.socket.cancel(ignored);
}

}  // namespace pawl::egress
