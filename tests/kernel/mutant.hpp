// A launcher that is built for tests only (launch-mutant): copies of it leave out a step of the child's
// table, or wait before one. The numbers stand behind marks in the program (sandbox/child.cpp).
#pragma once

#include <cstdint>
#include <string>

namespace pawl::testing {

class Mutant {
 public:
  enum class Does : std::uint8_t { omit, await };

  // Empty where the program cannot be read or has no such places.
  static Mutant load(const std::string& program);
  explicit operator bool() const { return omitted_ != kNowhere && awaited_ != kNowhere; }

  static constexpr std::uint32_t kNoStep = 0xffffffff;
  void write(const std::string& path, Does does, std::uint32_t step) const;

 private:
  static constexpr std::size_t kNowhere = std::string::npos;
  std::string program_;
  std::size_t omitted_ = kNowhere;
  std::size_t awaited_ = kNowhere;
};

}  // namespace pawl::testing
