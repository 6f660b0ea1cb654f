#include "supervisor/approval/log_reader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "supervisor/approval/records.hpp"
#include "supervisor/receipt/json_fields.hpp"

namespace pawl::approval {
namespace {

using ledger::Entry;

constexpr std::size_t kMostThreads = 16;
constexpr std::size_t kAhead = 4;  // batches that wait, for each thread

// What does not hold is judged by whoever replays it: here it is left out.
void check_decision(const Entry& entry, LogReader::Batch& batch) {
  auto record = receipt::from_object<DecisionRecord>(entry.body);
  if (!record) return;
  // A certificate must hold when the decision came in.
  auto checked = receipt::check_signed(record->decision, entry.time / 1000);
  if (checked) batch.checked.emplace_back(std::move(record->decision), std::move(checked->statement));
}

}  // namespace

struct LogReader::Work {
  struct Job {
    std::uint64_t first = 0;  // index
    std::vector<std::string> lines;
    Batch batch;
    std::optional<Error> broken;  // the line after the batch's entries
    bool taken = false, done = false;
  };

  void run() {
    for (std::unique_lock lock(mutex); !over;) {
      const auto job = std::ranges::find_if(jobs, [](const auto& waiting) { return !waiting->taken; });
      if (job == jobs.end()) {
        more.wait(lock);
        continue;
      }
      const std::shared_ptr<Job> mine = *job;
      mine->taken = true;
      lock.unlock();
      read(*mine);
      lock.lock();
      mine->done = true;
      done.notify_one();
    }
  }

  static void read(Job& job) {
    job.batch.entries.reserve(job.lines.size());
    for (const std::string& line : job.lines) {
      const std::uint64_t index = job.first + job.batch.entries.size();
      auto entry = ledger::read_entry_at(index, line);
      if (!entry) {
        job.broken = std::move(entry).error().during("ledger entry " + std::to_string(index));
        return;
      }
      if (entry->kind == ledger::Kind::decision) check_decision(*entry, job.batch);
      job.batch.entries.push_back(*std::move(entry));
    }
  }

  LineSource lines;
  std::uint64_t next_index = 0;
  bool ended = false;           // no further lines
  std::optional<Error> broken;  // after what was handed out
  std::mutex mutex;
  std::condition_variable more, done;
  std::deque<std::shared_ptr<Job>> jobs;  // in order
  bool over = false;
  std::vector<std::jthread> threads;
};

LogReader::LogReader(const LineSource& lines) : work_(std::make_unique<Work>()) {
  work_->lines = lines;
  const std::size_t count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  for (std::size_t i = 0; i < count; ++i) work_->threads.emplace_back([work = work_.get()] { work->run(); });
}

LogReader::~LogReader() {
  {
    const std::scoped_lock lock(work_->mutex);
    work_->over = true;
  }
  work_->more.notify_all();
  work_->threads.clear();
}

Result<LogReader::Batch> LogReader::next() {
  Work& work = *work_;
  if (work.broken) return std::unexpected(*work.broken);
  // The lines are read by this thread alone.
  while (!work.ended && work.jobs.size() < work.threads.size() * kAhead) {
    auto job = std::make_shared<Work::Job>();
    auto lines = work.lines();
    if (!lines) {
      // What came before it is replayed first.
      job->broken = std::move(lines).error();
      job->taken = job->done = true;
    } else {
      job->lines = *std::move(lines);
    }
    work.ended = job->broken || job->lines.empty();
    job->first = work.next_index;
    work.next_index += job->lines.size();
    if (!job->broken && job->lines.empty()) break;
    {
      const std::scoped_lock lock(work.mutex);
      work.jobs.push_back(std::move(job));
    }
    work.more.notify_one();
  }
  if (work.jobs.empty()) return Batch{};
  std::unique_lock lock(work.mutex);
  const std::shared_ptr<Work::Job> first = work.jobs.front();
  work.done.wait(lock, [&] { return first->done; });
  work.jobs.pop_front();
  lock.unlock();
  work.broken = std::move(first->broken);
  if (first->batch.entries.empty() && work.broken) return std::unexpected(*work.broken);
  return std::move(first->batch);
}

}  // namespace pawl::approval
