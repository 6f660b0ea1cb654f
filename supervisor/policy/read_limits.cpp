#include "supervisor/policy/read_limits.hpp"

namespace pawl::policy {
namespace {

constexpr std::uint64_t kLargestTmp = std::uint64_t{64} << 30;
constexpr std::uint64_t kLeastMemory = std::uint64_t{16} << 20;  // below, few programs even start
constexpr std::uint64_t kMostMemory = std::uint64_t{16} << 40;
constexpr std::int64_t kLeastProcesses = 8;
constexpr std::int64_t kMostProcesses = 1'000'000;
constexpr std::uint32_t kLeastCpus = 1;  // hundredths: the kernel grants no less
constexpr std::uint32_t kMostCpus = 1024 * 100;
constexpr std::int64_t kMostIo = 10'000;  // the kernel's scale

}  // namespace

void read_limits(TableReader& reader, Limits& limits) {
  sandbox::Limits& use = limits.use;
  limits.tmp = reader.size("tmp", kLargestTmp).value_or(limits.tmp);
  use.memory = reader.size("memory", kMostMemory, kLeastMemory).value_or(use.memory);
  if (const auto processes = reader.integer("processes", Need::optional, kLeastProcesses, kMostProcesses))
    use.processes = static_cast<std::uint32_t>(*processes);
  use.cpus = reader.hundredths("cpus", kLeastCpus, kMostCpus).value_or(use.cpus);
  if (const auto weight = reader.integer("io", Need::optional, 1, kMostIo))
    use.io_weight = static_cast<std::uint32_t>(*weight);
  if (reader.boolean("best_effort").value_or(false)) use.enforcement = sandbox::Enforcement::best_effort;
}

}  // namespace pawl::policy
