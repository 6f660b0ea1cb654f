// pawl-init on aarch64: how the kernel is called (syscall(2)), how a process starts, and the program's entry.
#pragma once

namespace pawl::init {

inline long system_call(long number, long a, long b, long c, long d, long e) noexcept {
  register long called asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  asm volatile("svc #0"
               : "+r"(first)
               : "r"(called), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory", "cc");
  return first;
}

// clone(2) with a stack for the new process, which calls `entry` and must not return from it. `stack` is its
// end, aligned to 16 bytes.
inline long clone_onto(long number, long flags, void* stack, void (*entry)(void*), void* argument) noexcept {
  register long called asm("x8") = number;
  register long result asm("x0") = flags;
  register void* top asm("x1") = stack;
  register long no_parent_tid asm("x2") = 0;
  register long no_thread_storage asm("x3") = 0;
  register long no_child_tid asm("x4") = 0;
  register void (*function)(void*) asm("x9") = entry;
  register void* passed asm("x10") = argument;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x30, #0\n\t"
      "mov x0, x10\n\t"
      "blr x9\n\t"
      "brk #1\n"
      "1:"
      : "+r"(result)
      : "r"(called), "r"(top), "r"(no_parent_tid), "r"(no_thread_storage), "r"(no_child_tid), "r"(function),
        "r"(passed)
      : "memory", "cc");
  return result;
}

}  // namespace pawl::init

// The kernel leaves the count of words at the stack's end, and behind it the words (AAPCS64).
#define PAWL_INIT_ENTRY(function)  \
  asm(".pushsection .text\n"       \
      ".globl _start\n"            \
      ".type _start, %function\n"  \
      "_start:\n\t"                \
      "mov x29, #0\n\t"            \
      "mov x30, #0\n\t"            \
      "mov x0, sp\n\t"             \
      "bl " #function              \
      "\n\t"                       \
      "brk #1\n"                   \
      ".size _start, . - _start\n" \
      ".popsection\n")
