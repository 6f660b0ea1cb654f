// The system calls of pawl-init, which has no C library: what one does before main (it asks the processor for
// its features and caches, and sets up threads) takes longer than all that pid 1 does. A negative result is a
// negated errno, as the kernel returns it (syscall(2)).
#pragma once

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include "sandbox/init/x86_64.hpp"
#elif defined(__aarch64__)
#include "sandbox/init/aarch64.hpp"
#else
#error "pawl-init does not know this processor: write a header as those for x86_64 and aarch64"
#endif

namespace pawl::init {

using SignalSet = std::uint64_t;  // the kernel's: bit 0 is signal 1
constexpr SignalSet kNoSignal = 0;
constexpr SignalSet kEverySignal = ~kNoSignal;

inline long word(long value) noexcept { return value; }
inline long word(const void* address) noexcept { return reinterpret_cast<long>(address); }

template <typename A = long, typename B = long, typename C = long, typename D = long, typename E = long>
long call(long number, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0) noexcept {
  return system_call(number, word(a), word(b), word(c), word(d), word(e));
}

// strlen(3)
inline std::size_t length(const char* text) noexcept {
  std::size_t count = 0;
  while (text[count] != '\0') ++count;
  return count;
}

[[noreturn]] inline void leave(int code) noexcept {
  for (;;) call(__NR_exit_group, code);
}

// sigprocmask(2)
inline void block_only(SignalSet signals) noexcept {
  call(__NR_rt_sigprocmask, SIG_SETMASK, &signals, nullptr, sizeof(signals));
}

// sigwaitinfo(2), of signals that are blocked. The number of one, or a negated errno.
inline int wait_for_signal(SignalSet signals) noexcept {
  return static_cast<int>(call(__NR_rt_sigtimedwait, &signals, nullptr, nullptr, sizeof(signals)));
}

// Descriptors first … last (close_range(2)).
inline void close_range(unsigned first, unsigned last) noexcept {
  call(__NR_close_range, static_cast<long>(first), static_cast<long>(last));
}

}  // namespace pawl::init
