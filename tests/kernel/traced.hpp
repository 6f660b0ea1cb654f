// A process that is held before its system calls (ptrace(2)), so that it, or another, can be killed just
// then.
#pragma once

#include <sys/types.h>

#include <optional>

namespace pawl::testing {

class Traced {
 public:
  // For Session::Options: what is executed next is held, until a Traced is made of it.
  static void become();
  explicit Traced(pid_t child);
  Traced(Traced&& other) noexcept;
  ~Traced() { let_go(); }

  pid_t pid() const { return pid_; }
  // To just before its next call; false when it has ended. Calls that set what is done at a signal do not
  // count: nobody else sees a difference, and a launch makes a hundred in a row.
  bool go();
  // The number of the call that it is held before.
  std::optional<long> call() const;
  // To where it has made the child that shares its memory until it executes, and lets go of it: the child is
  // held instead, before its first call. Nothing when it has ended before.
  std::optional<Traced> go_to_child();
  // It goes on by itself, unless it was killed meanwhile.
  void let_go();
  void kill();

 private:
  Traced(pid_t pid, int status);
  enum class Until { call, event };
  bool resume(Until until);  // false: it has ended
  bool stops_for(int event) const;

  pid_t pid_ = -1;  // -1: nobody is held
  int status_ = 0;
};

}  // namespace pawl::testing
