// pawl-init on x86_64: how the kernel is called (syscall(2)), how a process starts, and the program's entry.
#pragma once

namespace pawl::init {

inline long system_call(long number, long a, long b, long c, long d, long e) noexcept {
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
}

// clone(2) with a stack for the new process, which calls `entry` and must not return from it. `stack` is its
// end, aligned to 16 bytes.
inline long clone_onto(long number, long flags, void* stack, void (*entry)(void*), void* argument) noexcept {
  long result = number;
  register long no_tid asm("r10") = 0;
  register void* passed asm("r8") = argument;  // no CLONE_SETTLS: the kernel does not look at it
  register void (*called)(void*) asm("r9") = entry;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r8, %%rdi\n\t"
      "callq *%%r9\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(flags), "S"(stack), "d"(0L), "r"(no_tid), "r"(passed), "r"(called)
      : "rcx", "r11", "memory");
  return result;
}

}  // namespace pawl::init

// The kernel leaves the count of words at the stack's end, and behind it the words (System V ABI, x86-64).
#define PAWL_INIT_ENTRY(function)  \
  asm(".pushsection .text\n"       \
      ".globl _start\n"            \
      ".type _start, @function\n"  \
      "_start:\n\t"                \
      "xorl %ebp, %ebp\n\t"        \
      "movq %rsp, %rdi\n\t"        \
      "andq $-16, %rsp\n\t"        \
      "callq " #function           \
      "\n\t"                       \
      "ud2\n"                      \
      ".size _start, . - _start\n" \
      ".popsection\n")
