// Questions with a time limit: what a hung file system or a silent broker holds up is a child, never the
// doctor. Runs as the person; pawl-cli has one thread.
#pragma once

#include <chrono>
#include <functional>

#include "sandbox/base/channel.hpp"
#include "tools/pawl/cli/doctor/finding.hpp"

namespace pawl::cli {

inline constexpr std::chrono::seconds kPatience{20};

// What the process at the other end has to say, or why it does not.
Result<Bytes> answer_within(std::chrono::seconds time, const Channel& answers);
// The answer of a forked child, which is killed with its process group when the time is over.
Finding within(std::chrono::seconds time, const std::function<Finding()>& question);

}  // namespace pawl::cli
