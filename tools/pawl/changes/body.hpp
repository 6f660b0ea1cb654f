// The two texts of a change, read and compared, within a budget for a whole diff. Runs in pawl-cli, as the
// person; the texts are the agent's and the person's.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/compare.hpp"

namespace pawl::changes {

struct Body {
  enum class Form : std::uint8_t {
    none,  // nothing to compare: a folder, a mode, a rename, a special file
    text,
    binary,
    too_large,  // of this file, or of all files so far
    unreadable,
  };
  Form form = Form::none;
  std::string old_text;
  std::string new_text;
  Comparer::Difference difference;
};

class Bodies {
 public:
  struct Settings {
    std::size_t budget = 64 * 1024 * 1024;  // bytes in all
    std::string comparer;                   // see Comparer
  };
  Bodies(const UniqueFd& upper, const UniqueFd& workspace) : Bodies(upper, workspace, Settings{}) {}
  Bodies(const UniqueFd& upper, const UniqueFd& workspace, Settings settings)
      : upper_(upper),
        workspace_(workspace),
        budget_(settings.budget),
        comparer_(std::move(settings.comparer)) {}

  // Where text is shown, comparing it is part of it.
  Body of(const Change& change);

 private:
  const UniqueFd& upper_;
  const UniqueFd& workspace_;
  std::size_t budget_;  // bytes that may still be read
  Comparer comparer_;
};

struct LineCounts {
  std::size_t added = 0;
  std::size_t removed = 0;
};
LineCounts count_lines(const Body& body);

}  // namespace pawl::changes
