#include "sandbox/limits.hpp"

#include <algorithm>
#include <array>

namespace pawl::sandbox {
namespace {

std::string value_text(Controller controller, const Limits& limits) {
  switch (controller) {
    case Controller::memory:
      return size_text(limits.memory);
    case Controller::cpu:
      return hundredths_text(limits.cpus);
    case Controller::io:
      return std::to_string(limits.io_weight);
  }
  return {};
}

void append(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

}  // namespace

std::string_view name_of(Controller controller) {
  switch (controller) {
    case Controller::memory:
      return "memory";
    case Controller::cpu:
      return "cpu";
    case Controller::io:
      return "io";
  }
  return {};
}

std::string_view key_of(Controller controller) {
  return controller == Controller::cpu ? "cpus" : name_of(controller);
}

std::vector<Controller> controllers_for(const Limits& limits) {
  std::vector<Controller> list;
  if (limits.memory != 0) list.push_back(Controller::memory);
  if (limits.cpus != 0) list.push_back(Controller::cpu);
  if (limits.io_weight != 0) list.push_back(Controller::io);
  return list;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::pair<unsigned, std::string_view>, 3> units = {
      {{30, " GiB"}, {20, " MiB"}, {10, " KiB"}}};
  for (const auto& [shift, unit] : units)
    if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0)
      return std::to_string(bytes >> shift) + std::string(unit);
  return std::to_string(bytes) + " B";
}

std::string hundredths_text(std::uint32_t hundredths) {
  std::string text = std::to_string(hundredths / 100);
  const std::uint32_t rest = hundredths % 100;
  if (rest == 0) return text;
  text += "." + std::to_string(rest / 10);
  return rest % 10 == 0 ? text : text + std::to_string(rest % 10);
}

LimitsReport report_limits(const Limits& limits, const std::vector<Controller>& missing, const Error& why) {
  LimitsReport report;
  for (const Controller controller : controllers_for(limits)) {
    const std::string key(key_of(controller));
    if (std::ranges::find(missing, controller) != missing.end())
      append(report.not_enforced, key);
    else
      append(report.in_force, key + " " + value_text(controller, limits));
  }
  if (limits.processes != 0) append(report.in_force, "processes " + std::to_string(limits.processes));
  if (!report.not_enforced.empty()) report.not_enforced += ": " + why.text();
  return report;
}

}  // namespace pawl::sandbox
