#include "supervisor/broker/limit_log.hpp"

#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::chrono::milliseconds kGather{60'000};
constexpr std::size_t kMaxWords = 256;  // of what an agent may have written

std::string bounded(const std::string& text, std::size_t most = kMaxWords) {
  return receipt::visible(text.substr(0, most));
}

}  // namespace

LimitLog::Row& LimitLog::row_of(const approval::Asker& asker, const std::string& role,
                                const std::string& action) {
  if (!timer_) timer_ = loop_.after(kGather, [this] { flush(); });
  Row& row = rows_[asker];
  row.role = role;
  row.action = bounded(action);
  return row;
}

void LimitLog::add_refused(const approval::Asker& asker, const std::string& role, const std::string& action,
                           const std::string& reason) {
  Row& row = row_of(asker, role, action);
  ++row.refused;
  row.reason = bounded(reason, 4 * kMaxWords);
}

void LimitLog::add_joined(const approval::Asker& asker, const std::string& role, const std::string& action) {
  ++row_of(asker, role, action).joined;
}

// What cannot be written now (a full disk) is counted on, and tried again with the next minute.
void LimitLog::flush() {
  timer_.reset();
  std::erase_if(rows_, [this](const auto& entry) {
    const auto& [asker, row] = entry;
    return write_({{"session", asker.session},
                   {"person", asker.person},
                   {"role", row.role},
                   {"action", row.action},
                   {"refused", static_cast<std::int64_t>(row.refused)},
                   {"joined", static_cast<std::int64_t>(row.joined)},
                   {"reason", row.reason}})
        .has_value();
  });
}

}  // namespace pawl::broker
