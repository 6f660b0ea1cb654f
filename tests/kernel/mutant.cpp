#include "tests/kernel/mutant.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace pawl::testing {
namespace {

constexpr std::uint32_t kOmitMark[] = {0x70617770, 0x6d757461, 0x6e742121};
constexpr std::uint32_t kAwaitMark[] = {0x70617770, 0x6d757461, 0x70617573};

// What stands behind the mark; npos where it is missing or not unique.
std::size_t find_number(const std::string& program, const std::uint32_t (&words)[3]) {
  const std::string_view mark(reinterpret_cast<const char*>(words), sizeof(words));
  const std::size_t at = program.find(mark);
  if (at == std::string::npos || program.find(mark, at + 1) != std::string::npos) return std::string::npos;
  return at + mark.size();
}

}  // namespace

Mutant Mutant::load(const std::string& program) {
  Mutant mutant;
  std::ifstream file(program, std::ios::binary);
  mutant.program_.assign(std::istreambuf_iterator<char>(file), {});
  mutant.omitted_ = find_number(mutant.program_, kOmitMark);
  mutant.awaited_ = find_number(mutant.program_, kAwaitMark);
  return mutant;
}

void Mutant::write(const std::string& path, Does does, std::uint32_t step) const {
  std::string copy = program_;
  std::memcpy(copy.data() + (does == Does::omit ? omitted_ : awaited_), &step, sizeof(step));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << copy;
  std::filesystem::permissions(path, std::filesystem::perms(0755));
}

}  // namespace pawl::testing
