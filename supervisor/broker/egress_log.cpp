#include "supervisor/broker/egress_log.hpp"

#include <algorithm>

#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kGather{1000};
constexpr std::size_t kMostInOne = 100;  // reports; with kMaxText each they stay below an entry's limit
constexpr std::size_t kMaxText = 200;    // bytes of what the agent wrote, before quoting

std::string bounded(const std::string& text) {
  if (text.size() <= kMaxText) return receipt::visible(text);
  return receipt::visible(text.substr(0, kMaxText)) + " (cut)";
}

}  // namespace

void EgressLog::add(const wire::EgressReport& report) {
  if (!timer_) timer_ = loop_.after(kGather, [this] { flush(); });
  if (gathered_.size() >= kMostInOne) {
    ++omitted_;
    return;
  }
  gathered_.push_back({{"route", bounded(report.route)},
                       {"method", bounded(report.method)},
                       {"path", bounded(report.path)},
                       {"status", report.status},
                       {"refusal", bounded(report.refusal)},
                       {"sent", std::to_string(report.sent)},
                       {"received", std::to_string(report.received)}});
}

void EgressLog::add_trouble(const std::string& why) {
  if (!timer_) timer_ = loop_.after(kGather, [this] { flush(); });
  boost::json::value text(bounded(why));
  if (troubles_.size() >= kMostInOne || std::ranges::find(troubles_, text) != troubles_.end()) {
    ++omitted_;
    return;
  }
  troubles_.push_back(std::move(text));
}

void EgressLog::flush() {
  timer_.reset();
  if (gathered_.empty() && troubles_.empty()) return;
  write_({{"session", session_},
          {"requests", std::exchange(gathered_, {})},
          {"troubles", std::exchange(troubles_, {})},
          {"omitted", std::exchange(omitted_, 0)}});
}

}  // namespace pawl::broker
