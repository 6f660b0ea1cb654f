#include "tools/pawl/stream_relays.hpp"

#include <algorithm>
#include <cerrno>

namespace pawl::run {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<std::vector<UniqueFd>> StreamRelays::prepare(const std::array<sandbox::Stdio, 3>& stdio) {
  std::vector<UniqueFd> handed;
  for (int number = 0; number < 3; ++number) {
    if (stdio[static_cast<std::size_t>(number)] != sandbox::Stdio::descriptor) continue;
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

void StreamRelays::finish(milliseconds patience) {
  std::erase_if(relays_, [](const auto& relay) { return relay->direction == Relay::Direction::inward; });
  auto give_up = steady_clock::now() + patience;
  while (!relays_.empty()) {
    std::vector<pollfd> watched;
    watch(watched);
    const auto now = steady_clock::now();
    if (now >= give_up) return;
    const auto left = std::chrono::ceil<milliseconds>(give_up - now).count();
    if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
    if (move(watched) == Pump::Moved::something) give_up = steady_clock::now() + patience;
  }
}

}  // namespace pawl::run
