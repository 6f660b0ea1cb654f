#include "tools/pawl/stream_relays.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "tools/pawl/watched.hpp"

namespace pawl::run {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

bool told_to_end(const Signals& signals) {
  while (const auto number = signals.next()) {
    if (*number == SIGTSTP) stop(Whom::self);
    if (*number == SIGINT || *number == SIGTERM || *number == SIGHUP || *number == SIGQUIT) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<UniqueFd>> StreamRelays::prepare(const std::array<sandbox::Stdio, 3>& stdio) {
  std::vector<UniqueFd> handed;
  for (int number = 0; number < 3; ++number) {
    if (stdio[static_cast<std::size_t>(number)] != sandbox::Stdio::descriptor) continue;
    if (number == 2 && stdio[1] == sandbox::Stdio::descriptor && errors_follow_output()) {
      UniqueFd same(::fcntl(handed.back().get(), F_DUPFD_CLOEXEC, 3));
      if (!same) return failed("duplicate a descriptor");
      handed.push_back(std::move(same));
      continue;
    }
    HandedStream stream = TRY(hand_stream(number));
    handed.push_back(std::move(stream.handed));
    const int ours = stream.relayed.get();
    const auto direction = number == 0 ? Relay::Direction::inward : Relay::Direction::outward;
    Pump pump = number == 0 ? Pump(0, ours) : Pump(ours, number);
    relays_.push_back(std::make_unique<Relay>(Relay{direction, std::move(stream.relayed), std::move(pump)}));
  }
  return handed;
}

void StreamRelays::watch(std::vector<pollfd>& watched) const {
  for (const auto& relay : relays_) relay->pump.watch(watched);
}

Pump::Moved StreamRelays::move(const std::vector<pollfd>& watched) {
  Pump::Moved moved = Pump::Moved::nothing;
  for (auto& relay : relays_)
    if (relay->pump.advance(watched) == Pump::Moved::something) moved = Pump::Moved::something;
  std::erase_if(relays_, [](const auto& relay) { return relay->pump.finished(); });
  return moved;
}

void StreamRelays::advance(const std::vector<pollfd>& watched) { move(watched); }

void StreamRelays::finish(milliseconds patience, const Signals& signals) {
  std::erase_if(relays_, [](const auto& relay) { return relay->direction == Relay::Direction::inward; });
  auto give_up = steady_clock::now() + patience;
  while (!relays_.empty()) {
    std::vector<pollfd> watched{{signals.fd(), POLLIN, 0}};
    watch(watched);
    const bool waited_for =
        std::ranges::any_of(relays_, [](const auto& relay) { return relay->pump.has_more(); });
    const auto left = std::chrono::ceil<milliseconds>(give_up - steady_clock::now()).count();
    if (!waited_for && left <= 0) return;
    if (::poll(watched.data(), watched.size(), waited_for ? -1 : static_cast<int>(left)) < 0 &&
        errno != EINTR)
      return;
    if (move(watched) == Pump::Moved::something || waited_for) give_up = steady_clock::now() + patience;
    if (readable(watched, signals.fd()) && told_to_end(signals)) return;
  }
}

}  // namespace pawl::run
