#include "sandbox/launcher.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "sandbox/apart.hpp"
#include "sandbox/base/own_programs.hpp"
#include "sandbox/base/pidfd.hpp"
#include "sandbox/caps.hpp"
#include "sandbox/capture.hpp"
#include "sandbox/child_plan.hpp"
#include "sandbox/host_remedies.hpp"
#include "sandbox/identity.hpp"
#include "sandbox/mount_sources.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/netns.hpp"
#include "sandbox/overlay.hpp"

namespace pawl::sandbox {
namespace {

constexpr std::size_t kStackSize = 256 * 1024;  // bytes; touched only as far as used
// The cgroup namespace comes later: the child enters the session's cgroup first.
constexpr int kSessionNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;

class Stack {
 public:
  static Result<Stack> make() {
    void* memory =
        ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return failed("memory for the child's stack");
    return Stack(memory);
  }
  Stack(Stack&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  ~Stack() {
    if (memory_ != nullptr) ::munmap(memory_, kStackSize);
  }
  void* top() const { return static_cast<char*>(memory_) + kStackSize; }

 private:
  explicit Stack(void* memory) : memory_(memory) {}
  void* memory_;
};

// Of what failed in U0, from where the host's own sysctls cannot be seen: what there is no room for is found
// by trying.
Error explained_inside(Layer layer, Error error) {
  HostEvidence evidence = look_at_host();
  if (error.errnum == ENOSPC || error.errnum == EUSERS) evidence.exhausted = try_for_room();
  std::string advice = advise(layer, error.errnum, evidence);
  return std::move(error).advising(std::move(advice));
}

// Reads what the child said until its exec closed the socket.
Result<UniqueFd> hear_child(const Channel& report) {
  UniqueFd terminal;
  for (;;) {
    auto packet = TRY(report.receive());
    if (!packet) return terminal;
    if (packet->bytes.size() == 1 && packet->bytes[0] == static_cast<std::uint8_t>(kTerminalTag) &&
        packet->descriptors.size() == 1) {
      terminal = std::move(packet->descriptors[0]);
      continue;
    }
    StepFailure failure;
    if (packet->bytes.size() != sizeof(failure)) return refuse("the child sent an unknown report");
    std::memcpy(&failure, packet->bytes.data(), sizeof(failure));
    Error error{failure.errnum, std::string(step_name(failure.step)), std::string(step_remedy(failure.step))};
    const std::optional<Layer> layer = step_layer(failure.step);
    if (!layer || error.errnum == 0 || !error.remedy.empty()) return std::unexpected(std::move(error));
    return std::unexpected(explained_inside(*layer, std::move(error)));
  }
}

// Its last reference would be pid 1's, and the kernel takes the mounts apart before it tells that a process
// has ended: up to a tenth of a short launch. Without it only that is lost.
UniqueFd mounts_of(pid_t pid) {
  return UniqueFd(::open(("/proc/" + std::to_string(pid) + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
}

Result<Launched> start_child(ChildData& data) {
  const Stack stack = TRY(Stack::make());
  int pidfd_number = -1;
  // SAFETY: one thread; the child shares our memory and we sleep until it executes or exits.
  const pid_t pid =
      ::clone(&run_child, stack.top(), kSessionNamespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
              &data.plan(), &pidfd_number);
  if (pid < 0)
    return std::unexpected(
        explained_inside(Layer::nested_user_namespace, failed("make the session's namespaces").error()));
  Launched launched;
  launched.pidfd = UniqueFd(pidfd_number);
  data.close_childs_end();
  Result<UniqueFd> terminal = hear_child(data.report());
  if (!terminal) {
    // It is gone already, unless what it said was not understood.
    (void)send_signal(launched.pidfd, SIGKILL);
    (void)wait_for(launched.pidfd);
    return std::unexpected(std::move(terminal).error());
  }
  launched.terminal = std::move(*terminal);
  launched.mounts = mounts_of(pid);
  return launched;
}

Result<> set_dumpable(unsigned long value) {
  if (::prctl(PR_SET_DUMPABLE, value, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
  return {};
}

// What is left of the launcher needs no rights, and holds plan and environment in memory: another process of
// the same uid must not read them.
Result<> retire() {
  if (const int error = drop_own_capabilities(); error != 0)
    return failed("drop the launcher's capabilities", error);
  return set_dumpable(0);
}

Result<> make_network(Network network) {
  auto entered = enter_new_network(network);
  if (!entered)
    return std::unexpected(explained_inside(Layer::network_namespace, std::move(entered).error()));
  return {};
}

Result<std::vector<UniqueFd>> make_listeners(const LaunchPlan& plan) {
  if (plan.low_ports == LowPorts::open) TRY(open_low_ports());
  std::vector<UniqueFd> listeners;
  for (const std::uint16_t port : plan.listeners)
    listeners.push_back(TRY(listen_on_loopback(AF_INET, SOCK_STREAM, port)));
  if (plan.network == Network::captured)
    std::ranges::move(TRY(explained(Layer::redirect, capture_traffic())), std::back_inserter(listeners));
  return listeners;
}

}  // namespace

Result<UniqueFd> open_init_program() {
  const std::string init = TRY(program_folder()) + "/pawl-init";
  UniqueFd program(::open(init.c_str(), O_PATH | O_CLOEXEC));
  if (!program)
    return std::unexpected(
        failed("open " + init).error().advising("pawl-init is installed beside pawl-launch: reinstall pawl"));
  return program;
}

Result<Prepared> prepare_launch() {
  TRY(enter_outer_namespaces(TRY(take_identity(LaunchPlan{}))));
  TRY(make_network(Network::loopback));
  return Prepared{TRY(explained(Layer::new_root, clone_devices()))};
}

Result<Launched> launch(const LaunchPlan& plan, std::vector<UniqueFd> descriptors, const FromClient& client,
                        std::optional<Prepared> prepared) {
  const UniqueFd init = plan.init == Init::reaper ? TRY(open_init_program()) : UniqueFd{};
  const PrivatePlaces places = TRY(PrivatePlaces::resolve(plan));
  const bool switches = TRY(check_identity(plan)) == IdentityChange::switch_ids;
  if (prepared && (switches || !has_own_loopback(plan.network)))
    return refuse("what was prepared does not fit the plan",
                  "client and broker differ in version; restart the broker");
  SourceTrees sources;
  HeldLimits limits = TRY(hold_limits(plan));
  ChangeTrees changes;
  // With the rights of before: nothing is prepared where ids change.
  if (switches) {
    sources = TRY(explained(Layer::read_only_bind, clone_sources_early(plan, descriptors, places)));
    changes = TRY(clone_changes_early(plan, descriptors));
  }
  const Identity identity = TRY(take_identity(plan));
  const Readied readied{identity, init, limits.cgroup.entry(), client.variables};
  ChildData data = TRY(ChildData::prepare(plan, readied, descriptors));
  data.set_terminal(client.terminal);
  // The kernel made us undumpable when the ids changed: /proc/self belongs to root, and with it the id maps.
  // They are opened up only for as long as maps are written, here and in the child, which shares our memory:
  // whoever has the new uid could look into us meanwhile.
  if (switches) TRY(set_dumpable(1));
  if (!prepared) TRY(enter_outer_namespaces(identity));
  if (switches) TRY(set_dumpable(0));
  if (!prepared && plan.network != Network::host) TRY(make_network(plan.network));
  TRY(explained(Layer::read_only_bind, clone_sources(plan, descriptors, places, sources)));
  TRY(clone_changes(plan, descriptors, changes));
  TRY(explained(Layer::overlay, assemble_overlays(plan, changes, sources)));
  std::vector<UniqueFd> devices = prepared ? std::move(prepared->devices) : std::vector<UniqueFd>{};
  BuiltRoot built = TRY(explained(Layer::new_root, build_root(plan, sources, std::move(devices))));
  sources.clear();
  changes.clear();
  descriptors.clear();
  std::vector<UniqueFd> listeners = TRY(make_listeners(plan));
  if (switches) TRY(set_dumpable(1));
  Launched launched = TRY(start_child(data));
  launched.stops = data.take_stops();
  launched.listeners = std::move(listeners);
  launched.watched = std::move(built.watched);
  launched.limits = std::move(limits);
  if (auto retired = retire(); !retired) {
    (void)send_signal(launched.pidfd, SIGKILL);
    return std::unexpected(std::move(retired).error());
  }
  return launched;
}

}  // namespace pawl::sandbox
