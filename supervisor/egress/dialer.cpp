#include "supervisor/egress/dialer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "supervisor/egress/connect.hpp"
#include "supervisor/egress/dial_target.hpp"
#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::egress {
namespace {

using Clock = std::chrono::steady_clock;

struct Job {
  wire::Dial dial;
  Clock::time_point deadline;
};

struct Crew {
  Crew(Channel channel, DialerSettings chosen) : control(std::move(channel)), settings(std::move(chosen)) {}
  const Channel control;
  const DialerSettings settings;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;  // under mutex
  bool closed = false;   // under mutex
};

Result<std::vector<Address>> addresses_of(const wire::Dial& dial, const Resolve& resolve) {
  const std::vector<Address> listed = TRY(read_listed(dial.addresses));
  if (const std::optional<Address> literal = parse_address(dial.host)) {
    if (std::ranges::find(listed, *literal) == listed.end())
      return refuse("the address " + dial.host + " is dialled only where the policy lists it");
    return std::vector{*literal};
  }
  TRY(check_name(dial.host));
  return permitted(dial.host, TRY(resolve(dial.host)), listed);
}

struct Dialled {
  UniqueFd socket;
  Address address;
};

Result<Dialled> dial(const Job& job, const DialerSettings& settings) {
  if (Clock::now() >= job.deadline) return refuse("too many dials are under way");
  const std::vector<Address> addresses = TRY(addresses_of(job.dial, settings.resolve));
  Error last;
  for (const Address& address : addresses) {
    const auto until = std::min(job.deadline, Clock::now() + settings.attempt);
    if (until <= Clock::now()) break;
    Result<UniqueFd> socket = connect_to(address, job.dial.port, until);
    if (socket) return Dialled{*std::move(socket), address};
    last = std::move(socket).error();
  }
  if (last.trail.empty()) return refuse("no connection to " + job.dial.host + " in time");
  return std::unexpected(std::move(last).during("no connection to " + job.dial.host));
}

void answer(const Channel& control, const Job& job, const DialerSettings& settings) {
  const Result<Dialled> dialled = dial(job, settings);
  wire::Dialed answer{.number = job.dial.number};
  std::vector<int> descriptors;
  if (dialled) {
    answer.address = to_text(dialled->address);
    descriptors.push_back(dialled->socket.get());
  } else {
    answer.failure = dialled.error().text();
  }
  // A pawld that is gone closes the channel too, and serve_dialer() ends.
  (void)control.send(wire::frame(answer), descriptors);
}

void work(const std::shared_ptr<Crew>& crew) {
  for (;;) {
    std::unique_lock lock(crew->mutex);
    crew->changed.wait(lock, [&] { return crew->closed || !crew->jobs.empty(); });
    if (crew->closed) return;
    const Job job = std::move(crew->jobs.front());
    crew->jobs.pop_front();
    lock.unlock();
    answer(crew->control, job, crew->settings);
  }
}

// False: there is no room.
bool enqueue(Crew& crew, Job job) {
  {
    const std::lock_guard lock(crew.mutex);
    if (crew.jobs.size() >= crew.settings.queue) return false;
    crew.jobs.push_back(std::move(job));
  }
  crew.changed.notify_one();
  return true;
}

Result<> take_orders(Crew& crew) {
  for (;;) {
    const std::optional<Packet> packet = TRY(crew.control.receive());
    if (!packet) return {};
    wire::Dial order = TRY(wire::unframe<wire::Dial>(packet->bytes));
    const std::uint32_t number = order.number;
    if (enqueue(crew, {std::move(order), Clock::now() + crew.settings.whole})) continue;
    TRY(crew.control.send(
        wire::frame(wire::Dialed{.number = number, .failure = "too many dials are waiting"})));
  }
}

}  // namespace

Result<> serve_dialer(Channel control, DialerSettings settings) {
  const auto crew = std::make_shared<Crew>(std::move(control), std::move(settings));
  for (std::size_t i = 0; i < crew->settings.crew; ++i)
    // Detached, because getaddrinfo(3) cannot be interrupted; a thread owns its share of all that it uses.
    std::thread(work, crew).detach();
  const Result<> ended = take_orders(*crew);
  {
    const std::lock_guard lock(crew->mutex);
    crew->closed = true;
  }
  crew->changed.notify_all();
  return ended;
}

}  // namespace pawl::egress
