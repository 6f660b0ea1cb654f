// What is in files: compared, hashed and read in pieces, with a budget. Runs in pawl-cli, as the person; the
// bytes are the agent's and the person's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::changes {

// Byte for byte, from the beginning of both.
Result<bool> same_content(const UniqueFd& one, const UniqueFd& other);
Result<Digest> digest_of(const UniqueFd& file);
// At most `limit` bytes.
Result<std::string> read_up_to(const UniqueFd& file, std::size_t limit);
// As git tells it: a NUL among the first 8000 bytes.
bool is_binary(std::string_view text);

}  // namespace pawl::changes
