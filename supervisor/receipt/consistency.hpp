// A consistency proof as a file: canonical JSON {before, path}. Pure; read from anybody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

struct ConsistencyProof {
  std::uint64_t before = 0;  // entries of the earlier log
  std::vector<Digest> path;  // RFC 9162 §2.1.4

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("before", self.before);
    archive("path", self.path);
  }
};

Result<std::string> write_consistency(const ConsistencyProof& proof);  // with a final line break
Result<ConsistencyProof> read_consistency(std::string_view text);

}  // namespace pawl::receipt
