#include "tools/pawl/resumer.hpp"

#include <algorithm>

#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "tools/pawl/broker_start.hpp"
#include "tools/people_client.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{100};
constexpr milliseconds kSlowest{500};  // a session that was killed meanwhile ends within a second
constexpr milliseconds kAnswerTime{10'000};
constexpr milliseconds kBetweenStarts{10'000};

}  // namespace

void Resumer::begin(Clock::time_point now) {
  if (active()) return;
  backoff_ = kFirst;
  stage_ = Stage::waiting;
  wakes_ = now + backoff_;
}

void Resumer::retry(Clock::time_point now) {
  channel_ = Channel();
  stage_ = Stage::waiting;
  wakes_ = now + backoff_;
  backoff_ = std::min(backoff_ * 2, kSlowest);
}

void Resumer::restart_broker(Clock::time_point now) {
  if (paths_.home != wire::Home::embedded || (restarted_ && now < *restarted_ + kBetweenStarts)) return;
  restarted_ = now;
  // Whether it comes up is seen by the next try; there is nobody to tell but a terminal that the command owns
  // now.
  (void)start_embedded(paths_);
}

void Resumer::connect(Clock::time_point now) {
  auto channel = tools::connect_people(paths_);
  if (!channel) {
    restart_broker(now);
    return retry(now);
  }
  channel_ = *std::move(channel);
  ask(wire::Hello{}, Stage::greeting, now);
}

template <class Message>
void Resumer::ask(const Message& message, Stage next, Clock::time_point now) {
  if (!channel_.send(wire::frame(message))) return retry(now);
  stage_ = next;
  wakes_ = now + kAnswerTime;
}

Resumer::News Resumer::advance(Event event, Clock::time_point now) {
  if (event == Event::timer) {
    if (!active() || now < wakes_) return {};
    if (stage_ == Stage::waiting)
      connect(now);
    else
      retry(now);
    return {};
  }
  auto packet = channel_.receive();
  const bool answered = packet && packet->has_value();
  if (answered && stage_ == Stage::greeting && wire::unframe<wire::Welcome>((*packet)->bytes)) {
    ask(wire::ResumeSession{session_, token_}, Stage::resuming, now);
    return {};
  }
  if (answered && stage_ == Stage::resuming && wire::unframe<wire::SessionResumed>((*packet)->bytes) &&
      (*packet)->descriptors.size() == 1) {
    channel_ = Channel();
    stage_ = Stage::idle;
    return Channel(std::move((*packet)->descriptors[0]));
  }
  if (answered && stage_ == Stage::resuming && wire::unframe<wire::SessionOver>((*packet)->bytes)) {
    channel_ = Channel();
    stage_ = Stage::idle;
    return Over{};
  }
  // Refusals too: a broker that has just started may not have read its records yet.
  retry(now);
  return {};
}

}  // namespace pawl::run
