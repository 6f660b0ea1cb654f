// The profile of sessions that read and run small tools: the standard one without what they never need. A
// program that is refused here says so; a role that needs more says syscalls = "default".
#include "sandbox/seccomp_checks.hpp"

namespace pawl::sandbox {
namespace {

using namespace checks;
using enum Verdict;

constexpr Row kChanges[] = {
    // clang-format off
    {call("socket"),               allow,  &local_sockets,  "pawl's own commands only: local sockets"},
    {call("bind"),                 eperm,  always,          "serves nobody"},
    {call("listen"),               eperm,  always,          "serves nobody"},
    {call("accept"),               eperm,  always,          "serves nobody"},
    {call("accept4"),              eperm,  always,          "serves nobody"},
    {call("shmget"),               eperm,  always,          "no queues shared between programs"},
    {call("shmat"),                eperm,  always,          "no queues shared between programs"},
    {call("shmctl"),               eperm,  always,          "no queues shared between programs"},
    {call("semget"),               eperm,  always,          "no queues shared between programs"},
    {call("semop"),                eperm,  always,          "no queues shared between programs"},
    {call("semctl"),               eperm,  always,          "no queues shared between programs"},
    {call("shmdt"),                eperm,  always,          "no queues shared between programs"},
    {call("msgget"),               eperm,  always,          "no queues shared between programs"},
    {call("msgsnd"),               eperm,  always,          "no queues shared between programs"},
    {call("msgrcv"),               eperm,  always,          "no queues shared between programs"},
    {call("msgctl"),               eperm,  always,          "no queues shared between programs"},
    {call("semtimedop"),           eperm,  always,          "no queues shared between programs"},
    {call("mq_open"),              eperm,  always,          "no queues shared between programs"},
    {call("mq_unlink"),            eperm,  always,          "no queues shared between programs"},
    {call("mq_timedsend"),         eperm,  always,          "no queues shared between programs"},
    {call("mq_timedreceive"),      eperm,  always,          "no queues shared between programs"},
    {call("mq_notify"),            eperm,  always,          "no queues shared between programs"},
    {call("mq_getsetattr"),        eperm,  always,          "no queues shared between programs"},
    {call("chown"),                eperm,  always,          "owns nothing that it could give away"},
    {call("fchown"),               eperm,  always,          "owns nothing that it could give away"},
    {call("lchown"),               eperm,  always,          "owns nothing that it could give away"},
    {call("fchownat"),             eperm,  always,          "owns nothing that it could give away"},
    {call("setxattr"),             eperm,  always,          "writes no extended attributes"},
    {call("lsetxattr"),            eperm,  always,          "writes no extended attributes"},
    {call("fsetxattr"),            eperm,  always,          "writes no extended attributes"},
    {call("removexattr"),          eperm,  always,          "writes no extended attributes"},
    {call("lremovexattr"),         eperm,  always,          "writes no extended attributes"},
    {call("fremovexattr"),         eperm,  always,          "writes no extended attributes"},
    {call("setxattrat"),           eperm,  always,          "writes no extended attributes"},
    {call("removexattrat"),        eperm,  always,          "writes no extended attributes"},
    {call("file_setattr"),         eperm,  always,          "writes no extended attributes"},
    {call("setuid"),               eperm,  always,          "has one id and keeps it"},
    {call("setgid"),               eperm,  always,          "has one id and keeps it"},
    {call("setreuid"),             eperm,  always,          "has one id and keeps it"},
    {call("setregid"),             eperm,  always,          "has one id and keeps it"},
    {call("setgroups"),            eperm,  always,          "has one id and keeps it"},
    {call("setresuid"),            eperm,  always,          "has one id and keeps it"},
    {call("setresgid"),            eperm,  always,          "has one id and keeps it"},
    {call("setfsuid"),             eperm,  always,          "has one id and keeps it"},
    {call("setfsgid"),             eperm,  always,          "has one id and keeps it"},
    {call("setpriority"),          eperm,  always,          "changes no priorities"},
    {call("sched_setparam"),       eperm,  always,          "changes no priorities"},
    {call("sched_setscheduler"),   eperm,  always,          "changes no priorities"},
    {call("sched_setaffinity"),    eperm,  always,          "changes no priorities"},
    {call("sched_setattr"),        eperm,  always,          "changes no priorities"},
    {call("ioprio_set"),           eperm,  always,          "changes no priorities"},
    {call("mknod"),                eperm,  always,          "makes no pipes or sockets in folders"},
    {call("mknodat"),              eperm,  always,          "makes no pipes or sockets in folders"},
    {call("tee"),                  eperm,  always,          "rarely needed, and has had holes"},
    {call("vmsplice"),             eperm,  always,          "rarely needed, and has had holes"},
    {call("mlock"),                eperm,  always,          "locks no memory"},
    {call("mlock2"),               eperm,  always,          "locks no memory"},
    {call("mlockall"),             eperm,  always,          "locks no memory"},
    {call("personality"),          eperm,  always,          "one personality"},
    {call("remap_file_pages"),     eperm,  always,          "obsolete"},
    {call("sync"),                 eperm,  always,          "stalls the host's disks"},
    {call("syncfs"),               eperm,  always,          "stalls the host's disks"},
    // clang-format on
};

}  // namespace

constinit const Profile kMinimalProfile{"minimal", kChanges, &kStandardProfile};

}  // namespace pawl::sandbox
