#include "supervisor/broker/egress_log.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kGather{1000};
constexpr std::size_t kMostInOne = 100;  // reports in one second
constexpr std::size_t kMostTroubles = 16;
constexpr std::size_t kMaxEntry =
    ledger::kMaxEntryBytes - 8 * 1024;                // as JSON; the rest of the entry is short
constexpr std::size_t kMaxName = 64, kMaxPath = 200;  // bytes shown of what the agent wrote

// Cut after quoting: quoting makes longer, and the result never ends within a character.
std::string bounded(const std::string& text, std::size_t most) {
  std::string shown = receipt::visible(text);
  if (shown.size() <= most) return shown;
  while (most > 0 && (static_cast<unsigned char>(shown[most]) & 0xC0U) == 0x80U) --most;
  return shown.substr(0, most) + " (cut)";
}

}  // namespace

void EgressLog::add(const wire::EgressReport& report) {
  arm();
  if (gathered_.size() >= kMostInOne) {
    ++omitted_;
    return;
  }
  gathered_.push_back({{"route", bounded(report.route, kMaxName)},
                       {"method", bounded(report.method, kMaxName)},
                       {"path", bounded(report.path, kMaxPath)},
                       {"status", report.status},
                       {"refusal", bounded(report.refusal, kMaxPath)},
                       {"sent", std::to_string(report.sent)},
                       {"received", std::to_string(report.received)}});
}

void EgressLog::add_trouble(const std::string& why) {
  arm();
  boost::json::value text(bounded(why, kMaxPath));
  if (troubles_.size() >= kMostTroubles || std::ranges::find(troubles_, text) != troubles_.end()) {
    ++omitted_;
    return;
  }
  troubles_.push_back(std::move(text));
}

void EgressLog::arm() {
  if (!timer_) timer_ = loop_.after(kGather, [this] { flush(); });
}

// As many entries as it takes: each holds what one entry can.
void EgressLog::flush() {
  timer_.reset();
  boost::json::array batch;
  std::size_t bytes = 0;
  for (boost::json::object& report : std::exchange(gathered_, {})) {
    const std::size_t size = boost::json::serialize(report).size() + 1;
    if (bytes + size > kMaxEntry) {
      write(std::exchange(batch, {}));
      bytes = 0;
    }
    bytes += size;
    batch.emplace_back(std::move(report));
  }
  if (!batch.empty() || !troubles_.empty() || omitted_ > 0 || lost_ > 0) write(std::move(batch));
}

void EgressLog::write(boost::json::array requests) {
  const std::size_t count = requests.size();
  if (write_({{"session", session_},
              {"requests", std::move(requests)},
              {"troubles", troubles_},
              {"omitted", static_cast<std::int64_t>(omitted_)},
              {"lost", static_cast<std::int64_t>(lost_)}})) {
    omitted_ = lost_ = 0;
    troubles_.clear();
    return;
  }
  lost_ += count;
  arm();
}

}  // namespace pawl::broker
