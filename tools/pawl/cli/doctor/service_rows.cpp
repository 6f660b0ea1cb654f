#include "tools/pawl/cli/doctor/service_rows.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>

#include <ctime>

#include "sandbox/base/pidfd.hpp"
#include "sandbox/host_remedies.hpp"
#include "tools/pawl/broker_start.hpp"
#include "tools/pawl/cli/doctor/limited.hpp"
#include "tools/pawl/cli/doctor/places.hpp"
#include "tools/pawl/cli/orders.hpp"

namespace pawl::cli {
namespace {

constexpr std::uint64_t kLeastRoom = 32u << 20;  // bytes
constexpr std::uint64_t kLeastFiles = 1000;
constexpr std::time_t kNoEarlier = 1767225600;  // 2026-01-01: no pawl is older
constexpr std::time_t kNoLater = 4102444800;    // 2100-01-01
constexpr std::time_t kClocksDiffer = 300;      // seconds

Row row(const char* layer, const char* holds, Finding finding) {
  return {layer, holds, Required::yes, std::move(finding)};
}

Finding works() { return {State::works, {}, {}}; }
Finding missing(std::string cause, std::string remedy) {
  return {State::missing, std::move(cause), std::move(remedy)};
}
Finding missing(const tools::Trouble& trouble) { return missing(trouble.text, trouble.remedy); }

// It has served nobody: whoever came meanwhile finds a new one, as after any end of a broker.
void stop(const wire::Client& broker) {
  const auto peer = broker.channel().peer();
  if (!peer) return;
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, peer->pid, 0)));
  // Asked behind that: who answers has lived until now, so nobody else has its number.
  const auto sessions = broker.ask<wire::Sessions>(wire::ListSessions{false});
  if (pidfd && sessions && sessions->message.list.empty()) (void)send_signal(pidfd, SIGTERM);
}

// A broker that is there, and lets nothing be done, is not what the row promises.
Finding look_at_freezes(const wire::Client& broker) {
  std::string notice = freeze_notice(broker);
  if (notice.empty()) return works();
  notice.pop_back();
  return missing(notice, "another person ends that: pawl thaw");
}

Finding ask_embedded(const wire::Paths& paths) {
  if (::access((paths.configuration + "/pawl.toml").c_str(), F_OK) != 0)
    return missing("pawl is not set up for you: " + paths.configuration + " has no pawl.toml", "pawl init");
  if (const auto running = tools::greet_people(paths)) return look_at_freezes(running->client);
  const auto started = run::reach_broker();
  if (!started) return missing(started.error());
  stop(started->client);
  return works();
}

Finding ask_system(const wire::Paths& paths) {
  const auto running = tools::greet_people(paths);
  return running ? look_at_freezes(running->client) : missing(running.error());
}

std::string when(std::time_t time) {
  std::tm parts{};
  char text[32] = {};
  if (::gmtime_r(&time, &parts) == nullptr || std::strftime(text, sizeof(text), "%FT%TZ", &parts) == 0)
    return std::to_string(time);
  return text;
}

Finding look_at_clock(const wire::Paths& paths) {
  const std::time_t now = std::time(nullptr);
  const std::string remedy = "set it: sudo timedatectl set-ntp true";
  if (now < kNoEarlier || now > kNoLater) return missing("the clock says " + when(now), remedy);
  struct stat head{};
  if (::stat(paths.head.c_str(), &head) == 0 && head.st_mtim.tv_sec > now + kClocksDiffer)
    return missing(
        "the clock says " + when(now) + ", and the ledger was written at " + when(head.st_mtim.tv_sec),
        remedy + "; what waits for approval becomes void when a clock goes back");
  return works();
}

Finding look_at_disk() {
  const auto homes = wire::private_homes();
  if (!homes) return missing(tools::Trouble(homes.error()));
  const std::string place = nearest_existing(*homes);
  struct statvfs room{};
  if (::statvfs(place.c_str(), &room) != 0)
    return missing(tools::Trouble(failed("look at " + place).error()));
  const std::uint64_t bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  if (bytes < kLeastRoom)
    return missing(std::to_string(bytes >> 20) + " MiB are free in " + place + ", and " +
                       std::to_string(kLeastRoom >> 20) + " are needed",
                   "free space there: df -h " + place);
  // File systems without a count of files say 0.
  if (room.f_files != 0 && room.f_favail < kLeastFiles)
    return missing(std::to_string(room.f_favail) + " more files are possible in " + place,
                   "remove some: df -i " + place);
  return works();
}

Finding read_policy(const wire::Paths& paths, const policy::Home& home) {
  const std::string settings = home.config + "/pawl.toml";
  if (paths.home == wire::Home::system && ::access(settings.c_str(), R_OK) != 0 && errno == EACCES)
    return {State::not_needed, "the host's policy is not for you to read: its broker does", ""};
  if (::access(settings.c_str(), F_OK) != 0)
    return missing(home.config + " has no pawl.toml",
                   paths.home == wire::Home::system ? "its administrator sets it up" : "pawl init");
  const auto policy = policy::load(home);
  if (policy) return works();
  return missing(policy::as_error(policy.error()).trail, "pawl policy check");
}

}  // namespace

Row broker_row(const wire::Paths& paths) {
  return row("broker", "what agents ask for is decided by people", within(kPatience, [&] {
               return paths.home == wire::Home::system ? ask_system(paths) : ask_embedded(paths);
             }));
}

Row policy_row(const wire::Paths& paths, const policy::Home& home) {
  return row("policy", "roles, approvals and floors are valid",
             within(kPatience, [&] { return read_policy(paths, home); }));
}

Row clock_row(const wire::Paths& paths) {
  return row("clock", "approvals expire when they should",
             within(kPatience, [&] { return look_at_clock(paths); }));
}

Row disk_row() {
  return row("disk", "a full disk ends no session", within(kPatience, [] { return look_at_disk(); }));
}

}  // namespace pawl::cli
