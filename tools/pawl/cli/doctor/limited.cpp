#include "tools/pawl/cli/doctor/limited.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"

namespace pawl::cli {
namespace {

Finding from(const Error& error) {
  return {State::missing, Error{error.errnum, error.trail, {}}.text(), error.remedy};
}

Finding hear(const Channel& answers, std::chrono::seconds time) {
  const auto packet = answers.receive_within(time);
  if (!packet && packet.error().errnum == ETIMEDOUT)
    return {State::missing, "it did not end within " + std::to_string(time.count()) + " seconds",
            "try again on a quieter machine; if it stays, report it"};
  if (!packet) return from(packet.error());
  if (!*packet) return {State::missing, "the process that tried it died", "this is a bug in pawl; report it"};
  auto finding = codec::decode<Finding>((*packet)->bytes);
  return finding ? *std::move(finding) : from(finding.error());
}

}  // namespace

Finding within(std::chrono::seconds time, const std::function<Finding()>& question) {
  auto channels = Channel::pair();
  if (!channels) return from(channels.error());
  auto& [ours, theirs] = *channels;
  // SAFETY: one thread, so the child may use the heap.
  const pid_t child = ::fork();
  if (child < 0) return from(failed("fork").error());
  if (child == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ours = Channel{};
    ::_exit(theirs.send(codec::encode(question())) ? 0 : 1);
  }
  ::setpgid(child, child);  // whoever comes first
  theirs = Channel{};
  Finding finding = hear(ours, time);
  ::kill(-child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  return finding;
}

}  // namespace pawl::cli
