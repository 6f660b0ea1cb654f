// The profile for building and debugging: the standard one, and calls that reach other processes of the same
// session only.
#include "sandbox/seccomp_checks.hpp"

namespace pawl::sandbox {
namespace {

using namespace checks;
using enum Verdict;

constexpr Row kChanges[] = {
    // clang-format off
    {call("ptrace"),                    allow,  always, "debuggers and strace; within the pid namespace, and under this same filter"},
    {call("process_vm_readv"),          allow,  always, "debuggers and leak checkers, within the pid namespace"},
    {call("process_vm_writev"),         allow,  always, "debuggers, within the pid namespace"},
    {call("kcmp"),                      allow,  always, "debuggers and strace, within the pid namespace"},
    {call("mbind"),                     allow,  always, "compilers and databases that place their memory"},
    {call("set_mempolicy"),             allow,  always, "compilers and databases that place their memory"},
    {call("set_mempolicy_home_node"),   allow,  always, "compilers and databases that place their memory"},
    // clang-format on
};

}  // namespace

constinit const Profile kBuildProfile{"build", kChanges, &kStandardProfile};

}  // namespace pawl::sandbox
