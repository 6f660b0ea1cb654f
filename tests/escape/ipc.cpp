// System V and POSIX objects of the host, by the names and numbers that they have there.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cstring>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

int shared_memory_by_key(const Plants& plants) { return answer(::shmget(plants.number("key"), 0, 0)); }
int shared_memory_by_number(const Plants& plants) {
  const void* const place = ::shmat(plants.number("shm"), nullptr, SHM_RDONLY);
  if (place == reinterpret_cast<void*>(-1)) return errno;
  return std::strcmp(static_cast<const char*>(place), plants["secret"].c_str()) == 0 ? 0 : ENODATA;
}
int queue_by_key(const Plants& plants) { return answer(::msgget(plants.number("key"), 0)); }
int queue_by_number(const Plants& plants) {
  msqid_ds facts{};
  return answer(::msgctl(plants.number("msg"), IPC_STAT, &facts));
}
int semaphores_by_key(const Plants& plants) { return answer(::semget(plants.number("key"), 0, 0)); }
int list_of_shared_memory(const Plants& plants) { return finds("/proc/sysvipc/shm", plants["key_decimal"]); }
int list_of_queues(const Plants& plants) { return finds("/proc/sysvipc/msg", plants["key_decimal"]); }
int list_of_semaphores(const Plants& plants) { return finds("/proc/sysvipc/sem", plants["key_decimal"]); }
int posix_queue(const Plants& plants) { return answer(::mq_open(plants["mqueue"].c_str(), O_RDONLY)); }
int posix_memory(const Plants& plants) { return finds("/dev/shm/" + plants["dev_shm"], plants["secret"]); }
int memory_file(const Plants& plants) {
  return finds("/proc/" + plants["victim"] + "/fd/" + plants["memfd"], plants["secret"]);
}

constexpr Attempt kAttempts[] = {
    {"shared-memory-by-key", Needs::user, shared_memory_by_key},
    {"shared-memory-by-number", Needs::user, shared_memory_by_number},
    {"message-queue-by-key", Needs::user, queue_by_key},
    {"message-queue-by-number", Needs::user, queue_by_number},
    {"semaphores-by-key", Needs::user, semaphores_by_key},
    {"list-of-shared-memory", Needs::user, list_of_shared_memory},
    {"list-of-message-queues", Needs::user, list_of_queues},
    {"list-of-semaphores", Needs::user, list_of_semaphores},
    {"posix-message-queue", Needs::user, posix_queue},
    {"posix-shared-memory", Needs::user, posix_memory},
    {"memory-file-of-victim", Needs::user, memory_file},
};

}  // namespace

std::span<const Attempt> ipc() { return kAttempts; }

}  // namespace pawl::escape
