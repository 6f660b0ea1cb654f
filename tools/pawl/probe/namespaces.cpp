// User, pid, ipc, uts and cgroup namespaces. Runs in pawl-probe.
#include <fcntl.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <csignal>

#include <array>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/idmap.hpp"
#include "sandbox/proc_file.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

std::string host_name() {
  utsname names{};
  return ::uname(&names) == 0 ? names.nodename : "";
}

std::string own_cgroups() {
  const UniqueFd file(::open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC));
  std::string text(16384, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

// Whether each line "ID:CONTROLLERS:PATH" says that its path is the top.
bool all_at_the_top(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.ends_with(":/")) return false;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return true;
}

// A message queue of the host, while this lives.
class Queue {
 public:
  explicit Queue(key_t key) : id_(::msgget(key, IPC_CREAT | IPC_EXCL | 0600)) {}
  Queue(const Queue&) = delete;
  ~Queue() {
    if (id_ >= 0) ::msgctl(id_, IPC_RMID, nullptr);
  }
  bool made() const { return id_ >= 0; }

 private:
  int id_;
};

Result<> outlive_init(int lifeline) {
  // Forked in the namespace, and out of its init's reach but for the kernel's own killing.
  const pid_t survivor = ::fork();
  if (survivor < 0) return failed("fork in a pid namespace");
  if (survivor == 0) {
    ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    ::setsid();
    for (;;) ::pause();
  }
  ::close(lifeline);
  return {};
}

}  // namespace

Result<> try_user_namespace(const Ground&) {
  const std::string name = host_name();
  return in_child([&]() -> Result<> {
    TRY(enter(CLONE_NEWUSER, "make a user namespace"));
    // The name that it has already: nothing would change if the kernel let us.
    if (::sethostname(name.c_str(), name.size()) == 0)
      return got_through("the rights of a user namespace reached the host's name");
    return {};
  });
}

Result<> try_id_maps(const Ground& ground) {
  TRY(in_child([]() -> Result<> {
    TRY(needing(sandbox::Layer::user_namespace, enter(CLONE_NEWUSER, "make a user namespace")));
    if (sandbox::write_proc_file("/proc/self/setgroups", "deny") == 0 &&
        sandbox::write_proc_file("/proc/self/uid_map", "0 0 1") == 0)
      return got_through("an ordinary user mapped the host's root");
    return {};
  }));
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, 0));
    if (::getuid() != ground.identity.uid || ::getgid() != ground.identity.gid)
      return got_through("ids changed although they were mapped to themselves");
    if (::setresuid(0, 0, 0) == 0) return got_through("a process became root without a map for it");
    return {};
  });
}

Result<> try_nested_user_namespace(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    const UniqueFd outer(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
    const UniqueFd mounts(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!outer || !mounts) return failed("open /proc/self/ns");
    return in_child([&]() -> Result<> {
      TRY(enter_as_user(ground, CLONE_NEWNS));
      if (::setns(outer.get(), CLONE_NEWUSER) == 0 || ::setns(mounts.get(), CLONE_NEWNS) == 0)
        return got_through("a nested user namespace was left for the outer one");
      return {};
    });
  });
}

Result<> try_pid_namespace(const Ground& ground) {
  std::array<int, 2> lifeline{};
  if (::pipe2(lifeline.data(), O_CLOEXEC) != 0) return failed("pipe");
  const UniqueFd watch(lifeline[0]);
  UniqueFd held(lifeline[1]);
  const pid_t outside = ::getpid();
  if (::kill(outside, 0) != 0) return failed("look for a process outside");
  TRY(in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWPID));
    return in_child([&]() -> Result<> {
      if (::getpid() != 1) return got_through("a new pid namespace does not begin with 1");
      if (outside != 1 && ::kill(outside, 0) == 0)
        return got_through("a process outside of the pid namespace can be signalled");
      return outlive_init(lifeline[1]);
    });
  }));
  // The survivor has the only other end: this returns when init's end took it along, else the time runs out.
  held.reset();
  char byte = 0;
  if (::read(watch.get(), &byte, 1) != 0) return failed("wait for the end of a pid namespace");
  return {};
}

Result<> try_ipc_namespace(const Ground& ground) {
  const key_t key = 0x70000000 | static_cast<key_t>(::getpid());
  const Queue queue(key);
  if (!queue.made() && errno == ENOSYS) return nothing_to_hold("this kernel has no System V ipc");
  if (!queue.made()) return failed("make a message queue");
  if (::msgget(key, 0) < 0) return failed("find a message queue");
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWIPC));
    if (::msgget(key, 0) >= 0) return got_through("a message queue of the host is visible inside");
    return {};
  });
}

Result<> try_uts_namespace(const Ground& ground) {
  constexpr std::string_view inside = "pawl-probe";
  const std::string before = host_name();
  TRY(in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWUTS));
    if (::sethostname(inside.data(), inside.size()) != 0) return failed("name the host");
    if (host_name() != inside) return got_through("a name was given inside, and is not the name there");
    return {};
  }));
  if (host_name() != before) return got_through("a name given inside became the host's");
  return {};
}

Result<> try_cgroup_namespace(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWCGROUP));
    if (!all_at_the_top(own_cgroups())) return got_through("the host's control groups are told inside");
    return {};
  });
}

}  // namespace pawl::probe
