#include "tools/pawl/cli/question.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "tools/pawl/cli/output.hpp"
#include "tools/people_client.hpp"

namespace pawl::cli {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

namespace {

// A terminal answers some escape codes by itself, as if it were typed; a slow one takes its time.
constexpr int kSettle = 300;  // ms

}  // namespace

Outcome<> refuse_in_sandbox() {
  if (!tools::inside_a_session() && std::getenv("PAWL_SESSION") == nullptr) return {};
  return trouble(ExitCode::refused, "decisions are not taken inside a session or on its terminal",
                 "open another terminal, outside of it");
}

Outcome<std::string> ask_person(std::string_view question, int terminal) {
  ::poll(nullptr, 0, kSettle);
  TRY(print_to(terminal, question));
  ::tcflush(0, TCIFLUSH);
  std::array<char, 256> line{};
  ssize_t size = 0;
  while ((size = ::read(0, line.data(), line.size())) < 0 && errno == EINTR) continue;
  std::string answer(line.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (answer.empty()) TRY(print_to(terminal, "\n"));
  if (!answer.ends_with('\n')) return std::string();  // not a whole line
  answer.pop_back();
  return answer;
}

bool means_yes(std::string_view answer) { return answer == "y" || answer == "Y" || answer == "yes"; }

}  // namespace pawl::cli
