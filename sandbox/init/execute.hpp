// Becoming the command, as execvp(3) and a shell do it.
#pragma once

namespace pawl::init {

// What is executed: a descriptor, or, where that is negative, the first word, looked for in PATH if it has no
// slash. There is a word before the first, which may be written over. Returns only on failure, with a negated
// errno.
int execute(int descriptor, char** words, char** environment) noexcept;

// The kernel's error as strerror(3) says it, as far as execve(2) returns it.
const char* error_text(int number) noexcept;

}  // namespace pawl::init
