// The end that a person orders. Authority goes first and does not wait for anybody: neither the launcher,
// which is the person's own program, nor the agent has a say in it. Runs in pawld.
#include <signal.h>

#include <algorithm>

#include "sandbox/base/pidfd.hpp"
#include "supervisor/broker/broker.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kTimeToDie{10'000};  // for a launcher to read that it should
constexpr std::size_t kShortestPrefix = 8;

}  // namespace

// Also one that has ended: what it asked for may still wait or run.
Result<std::string> Broker::find_session_ever(const std::string& prefix) {
  if (prefix.size() < kShortestPrefix)
    return refuse("no session " + receipt::visible(prefix) + ": an id has at least 8 digits",
                  "see: pawl sessions");
  std::string match;
  const auto consider = [&](const std::string& id) -> Result<> {
    if (!id.starts_with(prefix) || id == match) return {};
    if (!match.empty())
      return refuse("several sessions begin with " + receipt::visible(prefix), "give more digits");
    match = id;
    return {};
  };
  for (const auto& [id, session] : sessions_) TRY(consider(id));
  for (const wire::SessionInfo& info : ended_sessions_) TRY(consider(info.id));
  for (const approval::Request* request : books_->queue().pending()) TRY(consider(request->binding.session));
  for (const auto& [id, execution] : executions_)
    TRY(consider(TRY(books_->queue().find(id))->binding.session));
  if (match.empty()) return refuse("no session " + receipt::visible(prefix), "see: pawl sessions --all");
  return match;
}

// What cannot be recorded is done all the same: only the answer says so.
Result<> Broker::kill_session(const std::string& id, const std::string& by) {
  Result<> recorded;
  // One whose launcher is away cannot be called ended (doom_session).
  if (const auto live = sessions_.find(id); live != sessions_.end() && live->second->launcher) {
    Session& session = *live->second;
    auto launcher = std::move(session.launcher);
    UniqueFd pidfd = std::move(session.pidfd);
    recorded = session_ended(session, kKilled, "killed by " + by);
    // On record before it is told.
    books_->when_durable([this, launcher = std::move(launcher), pidfd = std::move(pidfd)]() mutable {
      kill_processes(std::move(launcher), std::move(pidfd));
    });
  }
  for (approval::Step& step : books_->queue().withdraw_session(id, by, "the session was killed")) {
    auto committed = commit(std::move(step));
    if (!committed && recorded) recorded = std::unexpected(std::move(committed).error());
  }
  for (auto& [request_id, execution] : executions_) {
    const auto request = books_->queue().find(request_id);
    if (request && (*request)->binding.session == id)
      execution->kill("stopped: " + by + " killed the session");
  }
  end_previews(id);
  if (!recorded)
    return std::unexpected(std::move(recorded).error().during("killed, but not all is on record"));
  return {};
}

// By the launcher, which takes everything down in order, and in a broker of the person's own directly, too,
// in case it does not listen. SAFETY: the system broker signals nothing that a launcher named: it may not
// signal another user's process, and of its own ones a false launcher would name one.
void Broker::kill_processes(std::unique_ptr<LaunchLink> launcher, UniqueFd pidfd) {
  if (launcher) launcher->kill();
  const bool own = setup_.paths.home == wire::Home::embedded;
  if (own && pidfd) (void)send_signal(pidfd, SIGKILL);  // an error means that it is gone
  if (!launcher) return;
  const auto dying = dying_.insert(dying_.end(), {std::move(launcher), nullptr});
  dying->timer = loop_.after(kTimeToDie, [this, dying] { dying_.erase(dying); });
}

}  // namespace pawl::broker
