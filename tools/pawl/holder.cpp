#include "tools/pawl/holder.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "sandbox/base/codec.hpp"
#include "tools/pawl/watched.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;
using tools::GuestMessage;
using tools::GuestSays;
using tools::HolderMessage;
using tools::HolderSays;

constexpr std::size_t kMaxVisitors = 8;
constexpr int kStreamBuffer = 32 * 1024;   // bytes: what is on its way when somebody types Ctrl-C
constexpr milliseconds kNudge{80};         // long enough for a program to notice the other size
constexpr milliseconds kLastWords{2'000};  // a guest that takes nothing for so long misses the rest

}  // namespace

Result<Door> Door::open(const std::string& id) {
  tools::HeldSessions folder = TRY(tools::HeldSessions::open());
  folder.remove_dead();
  UniqueFd listener = TRY(folder.listen(id));
  return Door{std::move(folder), id, std::move(listener)};
}

Holder::Holder(Door door, const Launcher& launcher, int master, std::unique_ptr<ScreenMemory> memory)
    : door_(std::move(door)), launcher_(launcher), master_(master), memory_(std::move(memory)) {
  read_for(Pump::kNowhere);
  ::ioctl(master_, TIOCGWINSZ, &size_);
}

void Holder::read_for(int target) {
  output_ = std::make_unique<Pump>(master_, target, [this](std::span<char> buffer, std::size_t size) {
    memory_->see({buffer.data(), size});
    return size;
  });
}

void Holder::watch(std::vector<pollfd>& watched) const {
  output_->watch(watched);
  watched.push_back({door_.listener.get(), POLLIN, 0});
  for (const Channel& visitor : visitors_) watched.push_back({visitor.fd(), POLLIN, 0});
  if (!guest_) return;
  watched.push_back({guest_->channel.fd(), POLLIN, 0});
  guest_->keys->watch(watched);
}

void Holder::advance(const std::vector<pollfd>& watched) {
  output_->advance(watched);
  if (guest_) {
    guest_->keys->advance(watched);
    if (readable(watched, guest_->channel.fd())) hear_guest();
  }
  std::deque<Channel> waiting;
  std::swap(waiting, visitors_);
  for (Channel& visitor : waiting) {
    if (readable(watched, visitor.fd()))
      hear_visitor(std::move(visitor));
    else
      visitors_.push_back(std::move(visitor));
  }
  if (readable(watched, door_.listener.get())) open_door();
}

void Holder::open_door() {
  Channel visitor(UniqueFd(::accept4(door_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
  if (!visitor) return;
  const auto peer = visitor.peer();
  // SAFETY: whoever comes in types into the session. The folder lets nobody else through; this does not rely
  // on it.
  if (!peer || peer->uid != ::geteuid()) return;
  if (visitors_.size() == kMaxVisitors) visitors_.pop_front();
  visitors_.push_back(std::move(visitor));
}

bool Holder::tell(const Channel& channel, const HolderMessage& message, std::span<const int> descriptors) {
  return channel.send(codec::encode(message), descriptors).has_value();
}

void Holder::hear_visitor(Channel visitor) {
  const auto packet = visitor.receive();
  if (!packet || !*packet) return;
  const auto ask = codec::decode<GuestMessage>((*packet)->bytes);
  if (!ask) return;
  if (ask->kind == GuestSays::look)
    tell(visitor, {.kind = HolderSays::seen, .occupied = guest_.has_value()});
  else if (ask->kind == GuestSays::attach)
    welcome(std::move(visitor), *ask);
}

void Holder::welcome(Channel visitor, const GuestMessage& ask) {
  if (guest_ && ask.take == tools::Take::free_seat) {
    tell(visitor, {.kind = HolderSays::refused});
    return;
  }
  if (guest_) {
    tell(guest_->channel, {.kind = HolderSays::taken_over});
    launcher_.put_back();  // it may be stopped, and never do so itself
    part_from_guest();
  }
  const auto theirs = seat(std::move(visitor));
  if (!theirs || !guest_) return;
  const HolderMessage attached{.kind = HolderSays::attached, .bytes = memory_->text() + memory_->modes()};
  const int stream = theirs->get();
  if (!tell(guest_->channel, attached, {&stream, 1})) return part_from_guest();
  // A program draws itself anew when its terminal has another size than before; the right one follows.
  winsize other = decode_size(ask.size);
  size_ = other;
  other.ws_row = static_cast<unsigned short>(other.ws_row > 1 ? other.ws_row - 1 : other.ws_row + 1);
  ::ioctl(master_, TIOCSWINSZ, &other);
  settles_ = Clock::now() + kNudge;
  if (command_ == Command::stopped) launcher_.signal(SIGCONT);
  command_ = Command::going;
}

// Gives the guest's end of a new stream; ours is the command's terminal from here on.
Result<UniqueFd> Holder::seat(Channel visitor) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return failed("socketpair");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &kStreamBuffer, sizeof(kStreamBuffer));
  auto keys = std::make_unique<Pump>(ours.get(), master_);
  read_for(ours.get());
  guest_.emplace(Guest{std::move(visitor), std::move(ours), std::move(keys)});
  return theirs;
}

void Holder::hear_guest() {
  if (!guest_) return;
  auto packet = guest_->channel.receive();
  if (packet && *packet) {
    const auto message = codec::decode<GuestMessage>((*packet)->bytes);
    if (message && obey(*message, (*packet)->descriptors) == Stays::yes) return;
  }
  // Does nothing when it was released. A guest that was killed could not.
  launcher_.put_back();
  part_from_guest();
}

Holder::Stays Holder::obey(const GuestMessage& message, std::vector<UniqueFd>& descriptors) {
  switch (message.kind) {
    case GuestSays::resize:
      resize(decode_size(message.size));
      return Stays::yes;
    case GuestSays::guard:
      if (descriptors.size() != 1) return Stays::no;
      launcher_.guard(message.terminal, descriptors[0].get());
      return Stays::yes;
    case GuestSays::release:
      launcher_.release();
      return Stays::yes;
    case GuestSays::signal:
      launcher_.signal(static_cast<int>(message.number));
      return Stays::yes;
    case GuestSays::proceed:
      launcher_.signal(SIGCONT);
      command_ = Command::going;
      return Stays::yes;
    case GuestSays::look:
    case GuestSays::attach:
    case GuestSays::leave:
      break;
  }
  return Stays::no;
}

void Holder::part_from_guest() {
  read_for(Pump::kNowhere);
  guest_.reset();
}

void Holder::resize(const winsize& size) {
  size_ = size;
  if (!settles_) ::ioctl(master_, TIOCSWINSZ, &size_);
}

void Holder::look(Clock::time_point now) {
  if (!settles_ || now < *settles_) return;
  settles_.reset();
  ::ioctl(master_, TIOCSWINSZ, &size_);
}

void Holder::stopped() {
  command_ = Command::stopped;
  if (guest_) tell(guest_->channel, {.kind = HolderSays::stopped});
}

void Holder::end(const HolderMessage& ended) {
  drain(*output_, kLastWords);
  // Gone before the guest knows: who comes back at once finds nothing instead of a closed door.
  door_.folder.remove(door_.id);
  if (!guest_) return;
  guest_->stream.reset();
  if (!tell(guest_->channel, ended)) return;
  // The launcher puts its terminal back until it has done so itself, and lives as long as we do.
  while (guest_) {
    pollfd said{guest_->channel.fd(), POLLIN, 0};
    if (::poll(&said, 1, static_cast<int>(kLastWords.count())) <= 0) return;
    hear_guest();
  }
}

}  // namespace pawl::run
