#include "tools/pawl/cli/doctor/layer_rows.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <optional>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/own_programs.hpp"
#include "sandbox/host_remedies.hpp"
#include "tools/pawl/cli/doctor/limited.hpp"
#include "tools/pawl/cli/doctor/places.hpp"
#include "tools/pawl/probe/report.hpp"

namespace pawl::cli {
namespace {

using sandbox::Layer;
using sandbox::LayerFacts;
using sandbox::Need;

constexpr std::chrono::seconds kProbeTime{15};

// A child in a session of its own, with the answers' other end as its descriptor 3.
Result<pid_t> spawn(std::vector<std::string> words, const Channel& report) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, 0, 2);
  posix_spawn_file_actions_adddup2(&actions, report.fd(), probe::kReportFd);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed("start " + words[0], error);
  return child;
}

Result<probe::Report> ask(std::vector<std::string> words) {
  auto [ours, theirs] = TRY(Channel::pair());
  const pid_t child = TRY(spawn(std::move(words), theirs));
  theirs = Channel{};
  const auto answer = answer_within(kProbeTime, ours);
  ::kill(-child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  if (!answer) return std::unexpected(answer.error());
  return codec::decode<probe::Report>(*answer);
}

Row judge(const LayerFacts& facts, const Result<probe::Report>& report) {
  Row row{.layer = std::string(facts.name), .holds = std::string(facts.holds)};
  row.required = facts.need == Need::every_session ? Required::yes : Required::no;
  if (!report) {
    row.finding = missing(report.error());
  } else if (report->verdict == probe::Verdict::holds) {
    row.finding.state = State::works;
  } else {
    row.finding = {State::missing, report->cause, report->remedy};
    if (report->verdict == probe::Verdict::broken) row.required = Required::yes;
    if (report->verdict == probe::Verdict::nothing) row.required = Required::no;
  }
  if (row.finding.state == State::missing && row.required == Required::no)
    row.finding.state = State::not_needed;
  return row;
}

// A socket path is cut off nowhere: longer than 107 bytes it cannot be bound (unix(7)).
std::optional<Error> too_long(const wire::Paths& paths) {
  constexpr std::size_t most = 107;
  const std::string longest = paths.sockets + "/sessions/" + std::string(16, '0') + "/" + wire::kAgentSocket;
  if (longest.size() <= most) return {};
  const auto known = sandbox::diagnose(Layer::socket_directory, ENAMETOOLONG, sandbox::look_at_host());
  return Error{0, known.cause + " (" + longest + ")", known.remedy};
}

Result<std::string> place_for(Layer layer, const wire::Paths& paths, const Scratch& scratch,
                              const Result<Scratch>& data) {
  switch (layer) {
    case Layer::overlay:
      if (!data) return std::unexpected(data.error());
      return data->path();
    case Layer::state_directory:
      return nearest_existing(TRY(wire::private_homes()));
    case Layer::socket_directory:
      if (auto error = too_long(paths)) return std::unexpected(*std::move(error));
      return nearest_existing(paths.sockets);
    default:
      return scratch.path();
  }
}

Result<Scratch> data_scratch() {
  const std::string homes = TRY(wire::private_homes());
  const std::string home = homes.substr(0, homes.rfind("/.local/"));
  return Scratch::make(nearest_existing(home + "/.local/share"), Owner::sessions);
}

std::vector<Row> all_missing(const Error& error) {
  std::vector<Row> rows;
  for (const LayerFacts& facts : sandbox::all_layers())
    rows.push_back(judge(facts, Result<probe::Report>(std::unexpected(error))));
  return rows;
}

}  // namespace

std::vector<Row> layer_rows(const wire::Paths& paths) {
  const auto program = find_program(probe::kProgram);
  if (!program) return all_missing(program.error());
  const auto scratch = Scratch::make("/tmp", Owner::sessions);
  if (!scratch) return all_missing(scratch.error());
  const auto data = data_scratch();
  std::vector<Row> rows;
  for (const LayerFacts& facts : sandbox::all_layers()) {
    // The system broker's sockets are its own; whether they answer is another row.
    if (facts.layer == Layer::socket_directory && paths.home == wire::Home::system) continue;
    const auto place = place_for(facts.layer, paths, *scratch, data);
    rows.push_back(judge(facts, place ? ask({*program, std::string(facts.name), *place})
                                      : Result<probe::Report>(std::unexpected(place.error()))));
  }
  return rows;
}

}  // namespace pawl::cli
