#include "tools/pawl/afterwards.hpp"

#include <unistd.h>

#include "sandbox/base/own_programs.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/kept_changes.hpp"
#include "tools/pawl/child_process.hpp"

namespace pawl::run {
namespace {

constexpr std::size_t kMostShown = 20;

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody reads it
}

std::string_view word(sandbox::Finding what) {
  switch (what) {
    case sandbox::Finding::repository:
      return " (a git repository)";
    case sandbox::Finding::git_file:
      return " (leads git to a repository)";
    case sandbox::Finding::matched:
    case sandbox::Finding::passed:
      return "";
  }
  return "";
}

}  // namespace

void warn(std::string_view text) { say("pawl: " + receipt::visible(text)); }

void tell_appeared(const sandbox::Appeared& appeared) {
  if (!appeared.paths.empty())
    say("pawl: these appeared in the workspace, and may make programs of this host run what they say; look "
        "at them "
        "before you use the folder:");
  std::size_t more = appeared.more;
  for (std::size_t i = 0; i < appeared.paths.size(); ++i) {
    const sandbox::AppearedPath& one = appeared.paths[i];
    if (i < kMostShown)
      say("  " + receipt::visible_word(one.path) + std::string(word(one.what)));
    else
      ++more;
  }
  if (more != 0) say("  and " + std::to_string(more) + " more");
  if (appeared.closed != 0)
    warn(std::to_string(appeared.closed) +
         " folders of the workspace cannot be looked into; such files may be in them (find DIR -type d ! "
         "-perm -500)");
  if (!appeared.failure.empty())
    warn("the workspace was not searched for files that make programs run: " + appeared.failure);
}

void settle_changes(SessionFolder& folder, const std::string& id) {
  const auto left = folder.close();
  if (!left) return warn("cannot tidy up after the session: " + left.error().text());
  if (*left == SessionFolder::Left::changes) show_changes(id);
}

void show_changes(const std::string& id) {
  const auto program = find_program("pawl-cli");
  const auto shown = program ? run_in_front(*program, {"pawl", "session-over", id}) : Result<>();
  if (program && shown) return;
  say(tools::kept_changes(id));
}

}  // namespace pawl::run
