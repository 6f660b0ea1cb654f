#include "tools/pawl/cli/doctor/limited.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>

#include "sandbox/base/codec.hpp"

namespace pawl::cli {
namespace {

Finding hear(const Channel& answers, std::chrono::seconds time) {
  const auto answer = answer_within(time, answers);
  if (!answer) return missing(answer.error());
  auto finding = codec::decode<Finding>(*answer);
  return finding ? *std::move(finding) : missing(finding.error());
}

}  // namespace

Result<Bytes> answer_within(std::chrono::seconds time, const Channel& answers) {
  auto packet = answers.receive_within(time);
  if (!packet && packet.error().errnum == ETIMEDOUT)
    return refuse("it did not end within " + std::to_string(time.count()) + " seconds",
                  "try again on a quieter machine; if it stays, report it");
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) return refuse("the process that tried it died", "this is a bug in pawl; report it");
  return std::move((*packet)->bytes);
}

Finding within(std::chrono::seconds time, const std::function<Finding()>& question) {
  auto channels = Channel::pair();
  if (!channels) return missing(channels.error());
  auto& [ours, theirs] = *channels;
  // SAFETY: one thread, so the child may use the heap.
  const pid_t child = ::fork();
  if (child < 0) return missing(failed("fork").error());
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
