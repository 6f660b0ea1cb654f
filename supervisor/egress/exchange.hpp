// One request of the agent and its answer: a connection and the secret are asked for, both bodies stream
// through as they come, and then connection and secret are gone. Runs in pawl-egress; reads the agent's and
// the upstream's bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "supervisor/egress/asio.hpp"
#include "supervisor/egress/body_decoder.hpp"
#include "supervisor/egress/broker_link.hpp"
#include "supervisor/egress/limits.hpp"
#include "supervisor/egress/rewrite.hpp"
#include "supervisor/egress/scrubber.hpp"
#include "supervisor/egress/upstream.hpp"
#include "supervisor/egress/watchdog.hpp"

namespace pawl::egress {

inline constexpr std::size_t kPiece = 16 * 1024;  // bytes read at once

// What all connections of a session share.
struct Services {
  asio::io_context& io;
  BrokerLink& broker;
  boost::asio::ssl::context* tls;  // null when no route needs it
  Limits limits;
};

struct AgentSide {
  explicit AgentSide(Socket connected) : socket(std::move(connected)) {}
  Socket socket;
  std::string input;  // read, not yet used
};

// Who asked for what, for the ledger; the agent's words are cut to a sane length.
wire::EgressReport report_of(const wire::Route& route, const RequestHead& head);

class Exchange {
 public:
  Exchange(const Services& services, const wire::Route& route, AgentSide& agent, RequestHead head,
           Framing framing);

  // Answers the agent in any case, unless it has gone. close: the connection must not be used again.
  asio::awaitable<AfterAnswer> run();
  // Set by run().
  const wire::EgressReport& report() const { return report_; }

 private:
  using Objection = std::optional<Refusal>;  // said to the agent, while nothing else has been

  asio::awaitable<Objection> forward();
  asio::awaitable<Objection> open();
  asio::awaitable<Objection> send_head(std::string_view lines, std::string_view secret);
  asio::awaitable<void> upload();
  asio::awaitable<void> upload_body();
  asio::awaitable<void> watch_agent();
  asio::awaitable<Objection> download();
  asio::awaitable<std::expected<ResponseHead, Refusal>> read_response_head();
  asio::awaitable<Objection> pass_answer(const ResponseHead& head);
  asio::awaitable<bool> pass_body(BodyDecoder& decoder, bool chunked);
  asio::awaitable<bool> write_agent(std::string_view bytes);
  asio::awaitable<bool> read_upstream();
  asio::awaitable<void> finish_upload();
  Refusal upstream_failure(std::string what) const;
  void stop();

  const Services& services_;
  const wire::Route& route_;
  AgentSide& agent_;
  const RequestHead head_;
  const Framing framing_;
  wire::EgressReport report_;
  AfterAnswer after_;
  std::unique_ptr<Upstream> upstream_;
  std::optional<Scrubber> scrubber_;
  Scrubber placeholder_;
  std::optional<Refusal> bad_body_;  // why the upload was ended
  Watchdog watchdog_;
  std::string answer_;  // from the upstream, not yet used
  error_code upstream_error_;
  bool answered_ = false;  // an upstream's answer began to go to the agent
  bool agent_gone_ = false;
  bool uploaded_ = false;  // the whole request body went up
  bool stopping_ = false;
  bool upload_running_ = false;
  asio::steady_timer upload_ended_;  // cancelled when it did
};

}  // namespace pawl::egress
