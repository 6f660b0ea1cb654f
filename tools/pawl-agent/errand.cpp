#include "tools/pawl-agent/errand.hpp"

#include <poll.h>

#include <algorithm>
#include <vector>

#include "supervisor/wire/frame.hpp"

namespace pawl::agent {
namespace {

using std::chrono::milliseconds;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kSlowestRetry{2000};
constexpr milliseconds kAnswerTime{10'000};    // the broker answers at once
constexpr milliseconds kCopyTime{60'000};      // it copies and hashes the files first, then comes the preview
constexpr milliseconds kLongestAwait{60'000};  // one ask; then it is asked again

milliseconds until(Clock::time_point time, Clock::time_point now) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(time - now));
}

}  // namespace

Errand::Errand(ErrandPlan plan, Clock::time_point now)
    : plan_(std::move(plan)), deadline_(now + plan_.wait), wakes_(now), backoff_(kFirstRetry) {}

void Errand::finish(Outcome<Answer> outcome) {
  outcome_ = std::move(outcome);
  channel_ = Channel();
}

void Errand::advance(Event event, Clock::time_point now) {
  if (outcome_) return;
  if (event == Event::readable) return read(now);
  if (now < wakes_) return;
  if (stage_ == Stage::disconnected) return connect(now);
  lose("it does not answer", now);
}

void Errand::connect(Clock::time_point now) {
  auto channel = Channel::connect(plan_.socket);
  if (!channel) return lose(channel.error().text(), now);
  channel_ = *std::move(channel);
  ask(wire::AgentHello{}, Stage::greeting, kAnswerTime, now);
}

template <class Message>
void Errand::ask(const Message& message, Stage next, milliseconds patience, Clock::time_point now,
                 std::span<const int> descriptors) {
  if (auto sent = channel_.send(wire::frame(message), descriptors); !sent) {
    if (sent.error().errnum != 0) return lose(sent.error().text(), now);
    // Too long for a message: a later try would be, too.
    return finish(trouble(ExitCode::refused, "this cannot be asked: " + sent.error().text(),
                          "hand long values over as files"));
  }
  stage_ = next;
  wakes_ = now + patience;
}

void Errand::lose(std::string why, Clock::time_point now) {
  channel_ = Channel();
  stage_ = Stage::disconnected;
  if (now >= deadline_) {
    std::string text = "the broker cannot be reached: " + why;
    if (status_) text += "; request " + status_->id + " stands";
    return finish(trouble(ExitCode::unreachable, std::move(text),
                          status_ ? "ask for its status later: pawl-agent status " + status_->id.substr(0, 12)
                                  : "try again later; nothing was lost"));
  }
  wakes_ = std::min(now + backoff_, deadline_);
  backoff_ = std::min(backoff_ * 2, kSlowestRetry);
}

void Errand::read(Clock::time_point now) {
  auto packet = channel_.receive();
  if (!packet) return lose(packet.error().text(), now);
  if (!packet->has_value()) return lose("it closed the connection", now);
  if (auto failure = wire::unframe<wire::Failure>((*packet)->bytes))
    return finish(
        std::unexpected(tools::Trouble(wire::AskError{wire::AskError::Kind::failure, *std::move(failure)})));
  stage_ == Stage::greeting ? take_welcome(**packet, now) : take_status(**packet, now);
}

void Errand::take_welcome(const Packet& packet, Clock::time_point now) {
  auto welcome = wire::unframe<wire::AgentWelcome>(packet.bytes);
  if (!welcome || welcome->protocol != wire::kProtocol)
    return finish(trouble(ExitCode::unreachable, "the broker's answer makes no sense",
                          "pawl-agent and broker differ in version; end this session and start a new one"));
  backoff_ = kFirstRetry;
  if (std::holds_alternative<ListActions>(plan_.goal)) return finish(Answer(*std::move(welcome)));
  if (status_) return await(status_->id, now);
  if (const auto* follow = std::get_if<Follow>(&plan_.goal)) return await(follow->id, now);
  propose(*welcome, now);
}

void Errand::propose(const wire::AgentWelcome& welcome, Clock::time_point now) {
  // Made anew for each try: the broker has read the earlier descriptors to their end.
  auto proposal = make_proposal(welcome.actions, std::get<Wish>(plan_.goal));
  if (!proposal) return finish(std::unexpected(std::move(proposal).error()));
  std::vector<int> descriptors;
  for (const UniqueFd& file : proposal->files) descriptors.push_back(file.get());
  const wire::ActionInfo* const action = find_action(welcome.actions, proposal->message.action);
  const std::chrono::seconds preview(action != nullptr ? action->preview_timeout : 0);
  ask(proposal->message, Stage::proposing, kCopyTime + preview, now, descriptors);
}

void Errand::await(const std::string& id, Clock::time_point now) {
  const milliseconds wait = std::min(until(deadline_, now), kLongestAwait);
  ask(wire::AwaitRequest{id, static_cast<std::uint32_t>(wait.count())}, Stage::awaiting, wait + kAnswerTime,
      now);
}

void Errand::take_status(const Packet& packet, Clock::time_point now) {
  auto status = wire::unframe<wire::RequestStatus>(packet.bytes);
  if (!status) return lose("its answer makes no sense", now);
  const bool joined = status_ && status_->joined;  // told only in the answer to Propose
  status_ = *std::move(status);
  status_->joined = status_->joined || joined;
  // What was approved is not what would have been done by then: people are asked again, under another id.
  const std::string next = status_->replaced_by;
  if ((wire::is_final(status_->state) && next.empty()) || now >= deadline_) return finish(Answer(*status_));
  await(next.empty() ? status_->id : next, now);
}

Outcome<Answer> run_errand(ErrandPlan plan) {
  Errand errand(std::move(plan), Clock::now());
  for (;;) {
    if (const auto& outcome = errand.outcome(); outcome) return *outcome;
    const auto now = Clock::now();
    pollfd readable{errand.fd(), POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(until(errand.wakes(), now).count()));
    errand.advance(ready > 0 ? Errand::Event::readable : Errand::Event::timer, Clock::now());
  }
}

}  // namespace pawl::agent
