// The argument checks that rows of the profiles name. Used by the profile tables only.
#pragma once

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox::checks {

inline constexpr const Check* always = nullptr;

consteval Test equals(std::uint8_t argument, std::uint32_t value, std::uint32_t mask = 0xffffffff) {
  return {argument, Compare::equal, Operand::value, mask, value};
}
consteval Test differs(std::uint8_t argument, std::uint32_t value, std::uint32_t mask = 0xffffffff) {
  return {argument, Compare::differs, Operand::value, mask, value};
}
consteval Check only_if(std::initializer_list<Test> tests) { return Check{}.add(Clause(tests)); }
consteval Check no_bits(std::uint8_t argument, std::uint32_t bits) {
  return only_if({equals(argument, 0, bits)});
}
consteval Check one_of(std::uint8_t argument, std::initializer_list<std::uint32_t> values) {
  Check check;
  for (const std::uint32_t value : values) check.add({equals(argument, value)});
  return check;
}

// A set-user-id file in the workspace would give other users of the host the person's rights.
inline constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
inline constexpr Check mode_in_1 = no_bits(1, kSetIdBits);
inline constexpr Check mode_in_2 = no_bits(2, kSetIdBits);

// open(2) reads the mode only when it creates; what else stands there is left over from other calls.
inline constexpr std::uint32_t kCreates = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
consteval Check creates_plainly(std::uint8_t flags, std::uint8_t mode) {
  return Check{}.add({equals(flags, 0, kCreates)}).add({equals(mode, 0, kSetIdBits)});
}
inline constexpr Check open_creates = creates_plainly(1, 2);
inline constexpr Check openat_creates = creates_plainly(2, 3);

consteval Check plain_node(std::uint8_t mode) {
  Check check;
  for (const std::uint32_t type : {0, S_IFREG, S_IFIFO, S_IFSOCK})
    check.add({equals(mode, type, S_IFMT | kSetIdBits)});
  return check;
}
inline constexpr Check node_in_1 = plain_node(1);
inline constexpr Check node_in_2 = plain_node(2);

inline constexpr std::uint32_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
inline constexpr Check no_namespaces = no_bits(0, kNewNamespaces);
inline constexpr std::uint32_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
inline constexpr Check threads_only = only_if({equals(0, kThread, kThread | kNewNamespaces)});

// TCP and UDP: other protocols of these families (SCTP, DCCP, MPTCP, UDP-Lite) are code of the kernel that
// few programs reach, and those that try MPTCP go on with TCP.
inline constexpr std::uint32_t kSocketType =
    0xf;  // SOCK_TYPE_MASK: the rest are SOCK_CLOEXEC and SOCK_NONBLOCK
consteval Check with_internet(Check check) {
  for (const std::uint32_t family : {AF_INET, AF_INET6})
    for (const std::uint32_t protocol : {0, 1}) {
      check.add({equals(0, family), equals(1, SOCK_STREAM, kSocketType),
                 equals(2, protocol == 0 ? 0 : std::uint32_t{IPPROTO_TCP})});
      check.add({equals(0, family), equals(1, SOCK_DGRAM, kSocketType),
                 equals(2, protocol == 0 ? 0 : std::uint32_t{IPPROTO_UDP})});
    }
  return check;
}
inline constexpr Check internet_sockets = with_internet(Check{});
inline constexpr Check socket_families =
    with_internet(Check{}.add({equals(0, AF_UNIX)}).add({equals(0, AF_NETLINK), equals(2, NETLINK_ROUTE)}));
inline constexpr Check local_pairs = one_of(0, {AF_UNIX});
inline constexpr Check local_sockets = local_pairs;

// TIOCSTI and TIOCLINUX type into a terminal that others read; TIOCSETD attaches kernel line disciplines. A
// file system takes requests that reach beyond a mount: snapshots of what was not mounted (btrfs 0x94,
// bcachefs 0xbc), and keys of the person's encrypted folders (fscrypt, 'f' 23 to 27). Copies that share
// blocks are btrfs's too.
inline constexpr std::uint32_t kType = 0xff00, kTypeAndNumber = 0xffff;  // of a request, asm-generic/ioctl.h
inline constexpr Check harmless_requests =
    only_if({differs(1, TIOCSTI), differs(1, TIOCLINUX), differs(1, TIOCSETD), differs(1, 0x9400, kType),
             differs(1, 0xbc00, kType), differs(1, 'f' << 8 | 23, kTypeAndNumber),
             differs(1, 'f' << 8 | 24, kTypeAndNumber & ~3u)})
        .add({equals(1, FICLONE)})
        .add({equals(1, FICLONERANGE)});
inline constexpr Check socket_ioctls = one_of(1, {FIONBIO, FIONREAD, TCGETS});

inline constexpr Check harmless_personalities = one_of(0, {PER_LINUX, ADDR_NO_RANDOMIZE, 0xffffffff});
inline constexpr Check no_listener = no_bits(1, SECCOMP_FILTER_FLAG_NEW_LISTENER);

inline constexpr std::uint32_t kSetThpDisable = 41, kGetThpDisable = 42, kSetMdwe = 65, kGetMdwe = 66;
inline constexpr std::uint32_t kSetVma = 0x53564d41, kSetPtracer = 0x59616d61, kGetAuxv = 0x41555856;
// Left out among others: PR_SET_MM, PR_SET_SECUREBITS, PR_SET_MEMORY_MERGE, PR_SCHED_CORE,
// PR_TASK_PERF_EVENTS_*.
inline constexpr Check own_process = one_of(0, {PR_SET_PDEATHSIG,
                                                PR_GET_PDEATHSIG,
                                                PR_GET_DUMPABLE,
                                                PR_SET_DUMPABLE,
                                                PR_GET_KEEPCAPS,
                                                PR_SET_KEEPCAPS,
                                                PR_GET_TIMING,
                                                PR_SET_NAME,
                                                PR_GET_NAME,
                                                PR_GET_SECCOMP,
                                                PR_SET_SECCOMP,
                                                PR_CAPBSET_READ,
                                                PR_CAPBSET_DROP,
                                                PR_GET_TSC,
                                                PR_GET_SECUREBITS,
                                                PR_SET_TIMERSLACK,
                                                PR_GET_TIMERSLACK,
                                                PR_SET_CHILD_SUBREAPER,
                                                PR_GET_CHILD_SUBREAPER,
                                                PR_SET_NO_NEW_PRIVS,
                                                PR_GET_NO_NEW_PRIVS,
                                                PR_GET_TID_ADDRESS,
                                                kSetThpDisable,
                                                kGetThpDisable,
                                                PR_CAP_AMBIENT,
                                                PR_GET_SPECULATION_CTRL,
                                                PR_SET_SPECULATION_CTRL,
                                                kSetMdwe,
                                                kGetMdwe,
                                                kSetVma,
                                                kSetPtracer,
                                                kGetAuxv});
inline constexpr Check own_name =
    one_of(0, {PR_SET_NAME, PR_GET_NAME, PR_SET_DUMPABLE, PR_GET_DUMPABLE, PR_SET_NO_NEW_PRIVS,
               PR_SET_SECCOMP, PR_SET_TIMERSLACK, kSetVma});

inline constexpr Check not_executable = no_bits(2, PROT_EXEC);
// O_PATH and O_DIRECTORY change nothing about it: no file is changed or made.
inline constexpr Check reads_1 = only_if({equals(1, O_RDONLY, O_ACCMODE | kCreates | O_TRUNC)});
inline constexpr Check reads_2 = only_if({equals(2, O_RDONLY, O_ACCMODE | kCreates | O_TRUNC)});
inline constexpr Check first_exec =
    only_if({{0, Compare::equal, Operand::executable_fd, 0xffffffff, 0}, equals(4, AT_EMPTY_PATH)});

}  // namespace pawl::sandbox::checks
