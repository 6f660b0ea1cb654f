// Times of many rounds, in microseconds.
#pragma once

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace pawl::bench {

inline double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

// The kernel takes the last launch's namespaces apart afterwards; nobody's launch is to wait for another's.
inline void let_settle() {
  constexpr useconds_t gap = 30'000;
  ::usleep(gap);
}

inline double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}
inline double median(const std::vector<double>& values) { return quantile(values, 0.5); }

struct Series {
  std::vector<double> times, ratio;

  void add(double time, double reference) {
    times.push_back(time);
    ratio.push_back(time / reference);
  }
  void print(const char* name) const {
    if (times.empty()) return;
    std::printf("%-16s median %7.0f us  p90 %7.0f us  ratio %.2f  p90 %.2f\n", name, median(times),
                quantile(times, 0.9), median(ratio), quantile(ratio, 0.9));
    std::fflush(stdout);
  }
};

}  // namespace pawl::bench
