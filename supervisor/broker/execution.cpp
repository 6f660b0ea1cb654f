#include "supervisor/broker/execution.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/broker/scrub.hpp"
#include "supervisor/policy/lower.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kDrainTime{
    1000};  // for output that is still in the pipes when all is dead

Result<std::pair<UniqueFd, UniqueFd>> new_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

std::unique_ptr<Execution> Execution::prepare(Loop& loop, Spawner& spawner, Start start,
                                              std::function<void(ExecutionResult)> finished) {
  return std::unique_ptr<Execution>(new Execution(loop, spawner, std::move(start), std::move(finished)));
}

std::unique_ptr<Execution> Execution::begin(Loop& loop, Spawner& spawner, Start start,
                                            std::function<void(ExecutionResult)> finished) {
  auto execution = prepare(loop, spawner, std::move(start), std::move(finished));
  execution->begin();
  return execution;
}

void Execution::begin() {
  if (!killed_.empty()) return ended(approval::Ending::not_started, 0, killed_);
  if (auto launched = launch(std::exchange(start_, {})); !launched)
    ended(approval::Ending::not_started, 0, launched.error().text());
}

Result<> Execution::launch(Start start) {
  auto [out, out_write] = TRY(new_pipe());
  auto [err, err_write] = TRY(new_pipe());
  link_ = std::make_unique<LaunchLink>(
      loop_, TRY(spawner_.launch()),
      [this](const sandbox::Report* report, const std::vector<UniqueFd>&) { hear(report); });
  // The secrets enter the plan here, for the one message that starts the action.
  for (const NamedSecret& secret : secrets_)
    start.plan.environment.push_back(
        policy::secret_variable({secret.variable, secret.name}, secret.value.reveal()));
  Bytes plan = sandbox::encode_plan(start.plan);
  for (std::string& variable : start.plan.environment) ::explicit_bzero(variable.data(), variable.size());
  const bool together = start.streams == Streams::together;
  std::vector<int> descriptors{start.executable.get(), out_write.get(),
                               together ? out_write.get() : err_write.get()};
  for (const UniqueFd& input : start.inputs) descriptors.push_back(input.get());
  TRY(link_->start(std::move(plan), descriptors));
  for (auto& [stream, pipe] : {std::pair(&out_, &out), std::pair(&err_, &err)}) {
    if (together && stream == &err_) continue;
    stream->pipe = std::move(*pipe);
    ::fcntl(stream->pipe.get(), F_SETFL, O_NONBLOCK);
    stream->watch = loop_.on_readable(stream->pipe.get(), [this, s = stream] { read(*s); });
  }
  return {};
}

void Execution::kill(std::string why) {
  if (!over_) killed_ = std::move(why);
  if (link_) link_->kill();
}

void Execution::hear(const sandbox::Report* report) {
  using approval::Ending;
  if (report == nullptr) {
    // With its launcher the whole sandbox dies (PR_SET_PDEATHSIG), so what had begun was killed. Without a
    // word of it, it may have begun all the same.
    return ended(Ending::signalled, SIGKILL,
                 launched_ ? "" : "its launcher died and did not say whether anything had begun");
  }
  switch (report->kind) {
    case sandbox::ReportKind::failed:
      return ended(Ending::not_started, 0, Error{report->errnum, report->trail, report->remedy}.text());
    case sandbox::ReportKind::ended: {
      if (report->timed_out) return ended(Ending::timed_out, 0, {});
      const int status = report->status;
      if (report->out_of_memory) return ended(Ending::signalled, SIGKILL, report->trail);
      // pawl-init answers for the command as a shell does: 128 + N for a signal.
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      return code > 128 ? ended(Ending::signalled, code - 128, {}) : ended(Ending::exited, code, {});
    }
    case sandbox::ReportKind::launched:
      launched_ = true;
      limits_missing_ = report->limits_missing;
      return;
    case sandbox::ReportKind::broker_lost:
    case sandbox::ReportKind::stopped:
      return;
  }
}

void Execution::read(Stream& stream) {
  char buffer[16 * 1024];
  const ssize_t size = ::read(stream.pipe.get(), buffer, sizeof(buffer));
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    stream.watch.reset();
    stream.pipe.reset();
    if (over_ && !out_.pipe && !err_.pipe) finish();
    return;
  }
  const std::size_t kept = std::min(static_cast<std::size_t>(size), output_ - stream.text.size());
  stream.text.append(buffer, kept);
  stream.lost += static_cast<std::size_t>(size) - kept;
  if (excess_ == Excess::fatal && stream.lost > 0 && killed_.empty()) kill("it printed too much");
}

void Execution::ended(approval::Ending ending, std::int32_t code, std::string detail) {
  if (over_) return;
  over_ = true;
  if (!killed_.empty()) detail = killed_;
  if (!limits_missing_.empty())
    detail += (detail.empty() ? "" : "; ") + ("limits not enforced: " + limits_missing_);
  result_.ending = ending;
  result_.code = code;
  result_.detail = std::move(detail);
  // Also gives the output that is still in the pipes a moment, and never calls back from within begin() or
  // the link.
  const bool drained = !out_.pipe && !err_.pipe;
  drain_ = loop_.after(drained ? std::chrono::milliseconds(0) : kDrainTime, [this] { finish(); });
}

std::string Execution::text_of(Stream& stream) const {
  std::vector<Scrubbed> hidden;
  hidden.reserve(secrets_.size());
  for (const NamedSecret& secret : secrets_) hidden.push_back({secret.name, secret.value.reveal()});
  // Scrubbed before it is cut anywhere: a value that the cap split would not be found. What may be the begun
  // half of one at the very end is dropped with the rest.
  std::string text = scrub(std::exchange(stream.text, {}), hidden);
  if (stream.lost == 0) return text;
  std::size_t longest = 0;
  for (const Scrubbed& secret : hidden) longest = std::max(longest, secret.value.size() * 3);
  text.resize(text.size() - std::min(text.size(), longest));
  return text + "\n[pawl: " + std::to_string(stream.lost) + " further bytes were not kept]\n";
}

void Execution::finish() {
  if (!finished_) return;
  drain_.reset();
  out_.watch.reset();
  err_.watch.reset();
  result_.overflowed = out_.lost + err_.lost > 0;
  result_.out = text_of(out_);
  result_.err = text_of(err_);
  const auto finished = std::exchange(finished_, nullptr);
  finished(std::move(result_));  // may destroy this
}

}  // namespace pawl::broker
