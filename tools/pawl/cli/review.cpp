// pawl review --plain: the queue, shown again whenever it changes; something new rings the bell.
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/request_view.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

constexpr std::uint32_t kWatch = 60'000;  // ms
constexpr int kRetry = 1000;              // ms

class Review {
 public:
  // Until the connection is lost.
  Outcome<> follow(const tools::Greeted& broker) {
    std::uint64_t generation = 0;
    for (bool first = true;; first = false) {
      // Asked before the list: what changes in between is seen in the next turn.
      const auto changed =
          TRY(broker.client.ask<wire::QueueChanged>(wire::WatchQueue{generation, first ? 0 : kWatch}))
              .message;
      if (!first && changed.generation == generation) continue;
      generation = changed.generation;
      TRY(show(TRY(list_requests(broker.client, false))));
    }
  }

 private:
  Outcome<> show(const std::vector<wire::RequestInfo>& requests) {
    bool rings = false;
    std::set<std::string> ids;
    for (const wire::RequestInfo& info : requests) {
      ids.insert(info.id);
      rings = rings || (info.state == wire::RequestState::pending && !known_.contains(info.id));
    }
    known_ = std::move(ids);
    const std::string bell = rings && ::isatty(1) == 1 ? "\a" : "";
    return print(bell + "-- " + local_time(now_milliseconds()) + "\n" +
                 request_table(requests, now_milliseconds()));
  }

  std::set<std::string> known_;
};

Outcome<ExitCode> review() {
  tools::Greeted broker = TRY(reach_broker());
  Review review;
  for (;;) {
    const Outcome<> lost = review.follow(broker);
    if (lost.error().code != ExitCode::unreachable) return std::unexpected(lost.error());
    print_error("pawl: " + lost.error().text + "; waiting for it");
    for (;;) {
      ::poll(nullptr, 0, kRetry);
      auto again = reach_broker();
      if (again) {
        broker = *std::move(again);
        break;
      }
      if (again.error().code != ExitCode::unreachable) return std::unexpected(again.error());
    }
  }
}

}  // namespace

Action declare_review(Options& command) {
  auto plain = std::make_shared<bool>(false);
  command.flag("--plain", *plain, "lines of text, one list after the other (the only form yet)");
  return [plain] { return review(); };
}

}  // namespace pawl::cli
