// pawl session-over: what `pawl run` starts when an overlay session has ended. The agent wrote to this
// terminal until a moment ago; `pawl run` has put it back, and nothing that the agent left in its input is an
// answer.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/kept_changes.hpp"
#include "tools/pawl/changes/patch.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/verb.hpp"
#include "tools/pawl/cli/write_changes.hpp"

namespace pawl::cli {
namespace {

using changes::ChangeSet;
using changes::Choice;
using receipt::visible_word;

constexpr int kPatience = 3;  // answers that are none of those offered

class Farewell {
 public:
  Farewell(const KeptSession& session, ChangeSet set, int terminal)
      : session_(session), set_(std::move(set)), terminal_(terminal) {}

  Outcome<ExitCode> run() {
    TRY(summary());
    for (int misses = 0; misses < kPatience;) {
      const auto asked = ask_person(kMenu, terminal_);
      if (!asked) return std::unexpected(asked.error());
      const std::string& answer = *asked;
      if (answer == "write") return apply_all();
      if (answer == "c") return choose();
      if (answer == "x") return throw_away();
      if (answer == "d") {
        TRY(show_diff());
        continue;
      }
      if (answer == "k" || answer.empty()) break;
      ++misses;
    }
    return keep();
  }

 private:
  // A whole word for what cannot be taken back: whoever was still typing for the agent would hardly have
  // typed that.
  static constexpr std::string_view kMenu =
      "\n  write  all of it, as it is      c  choose one by one      d  show the diff\n"
      "  x  throw all away               k  keep it for later\nWhat now? [write/c/d/x/k] ";

  Outcome<> say(const std::string& text) const { return print_to(terminal_, text); }

  Outcome<> summary() const {
    changes::Bodies bodies(session_.upper(), session_.workspace());
    return say(fmt::format("\nSession {} (role {}) would change {}:\n", short_id(session_.id()),
                           visible_word(session_.record().role), visible_word(session_.record().workspace)) +
               changes::stat_of(set_, bodies) + changes::warnings_of(set_));
  }

  Outcome<> show_diff() const {
    changes::Bodies bodies(session_.upper(), session_.workspace());
    for (std::size_t i = 0; i < set_.changes.size(); ++i)
      if (!changes::goes_without_saying(set_, i))
        TRY(say(changes::patch_of(set_.changes[i], bodies.of(set_.changes[i]), changes::Colour::off)));
    return {};
  }

  Outcome<ExitCode> apply_all() const {
    Choice choice;
    TRY(ask_for_guarded(session_, set_, choice, terminal_));
    return write(choice);
  }

  Outcome<ExitCode> choose() const {
    std::size_t agreed = 0;
    Choice choice{.scope = Choice::Scope::confirmed};
    for (std::size_t i = 0; i < set_.changes.size(); ++i) {
      const changes::Change& change = set_.changes[i];
      if (change.writable == changes::Writable::never) continue;
      if (changes::goes_without_saying(set_, i)) {
        // A folder goes when all in it does.
        if (change.kind == changes::Kind::deleted) choice.confirmed.insert(i);
        continue;
      }
      changes::Bodies bodies(session_.upper(), session_.workspace());  // each question has the whole budget
      TRY(say("\n" + changes::patch_of(change, bodies.of(change), changes::Colour::off)));
      const std::string answer = TRY(ask_person("Write this? [y]es, [N]o, [q]uit: ", terminal_));
      if (answer == "q") break;
      if (!means_yes(answer)) continue;
      choice.confirmed.insert(i);
      ++agreed;
    }
    return agreed == 0 ? keep() : write(choice);
  }

  Outcome<ExitCode> write(const Choice& choice) const {
    const Outcome<ExitCode> written = write_changes(session_, set_, changes::select(set_, choice), terminal_);
    if (!written) return written;
    return ExitCode::done;  // what stays was said
  }

  Outcome<ExitCode> throw_away() const {
    if (!means_yes(TRY(ask_person("Throw all of it away, for good? [y/N] ", terminal_)))) return keep();
    TRY(session_.forget());
    TRY(say("thrown away\n"));
    return ExitCode::done;
  }

  Outcome<ExitCode> keep() const {
    TRY(say("kept:\n" + what_next(session_.id())));
    return ExitCode::done;
  }

  const KeptSession& session_;
  ChangeSet set_;
  int terminal_;
};

// `pawl run` resets the terminal where it runs in the foreground, and only there somebody would answer.
bool is_ours(int terminal) {
  return ::isatty(0) == 1 && ::isatty(terminal) == 1 && ::tcgetpgrp(0) == ::getpgrp();
}

Outcome<ExitCode> settle(const std::string& id) {
  const KeptSession session = TRY(KeptSession::open(id, changes::Purpose::change, {}));
  TRY(session.refuse_running());
  if (TRY(session.unfinished())) TRY(session.finish_interrupted());
  ChangeSet set = TRY(session.scan());
  if (set.empty()) {
    TRY(session.forget());
    return ExitCode::done;
  }
  const int terminal = ::isatty(2) == 1 ? 2 : 1;
  if (is_ours(terminal)) return Farewell(session, std::move(set), terminal).run();
  const changes::Counts counts = changes::count(set);
  print_error(fmt::format("pawl: session {} ({}) left changes: {}; {} need a word of their own", session.id(),
                          receipt::visible(session.record().role), changes::sum_of(counts),
                          counts.conflicts + counts.guarded));
  TRY(print_to(2, what_next(session.id())));
  return ExitCode::done;
}

// What cannot be shown is not lost: the commands for later are said in any case.
Outcome<ExitCode> session_over(const std::string& id) {
  Outcome<ExitCode> outcome = settle(id);
  if (!outcome) print_error(receipt::visible(tools::kept_changes(id)));
  return outcome;
}

}  // namespace

Action declare_session_over(Options& command) {
  auto id = std::make_shared<std::string>();
  command.required("SESSION", *id, "its id");
  return [id] { return session_over(*id); };
}

}  // namespace pawl::cli
