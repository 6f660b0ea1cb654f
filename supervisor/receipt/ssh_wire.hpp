// The SSH wire types (RFC 4251 §5) that keys and signatures are made of. Reading is strict: an integer has
// one spelling. Pure; reads reviewers' bytes. Internal to receipt/.
#pragma once

#include <cstdint>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

class SshReader {
 public:
  explicit SshReader(ByteSpan bytes) : left_(bytes) {}

  Result<ByteSpan> raw(std::size_t count);
  Result<std::uint32_t> number();       // uint32
  Result<std::uint64_t> long_number();  // uint64
  Result<ByteSpan> string();
  // A positive mpint in its shortest form, as big-endian magnitude without leading zero.
  Result<ByteSpan> positive();
  Result<> finished() const;  // nothing is left over
  ByteSpan left() const { return left_; }

 private:
  ByteSpan left_;
};

class SshWriter {
 public:
  void raw(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void number(std::uint32_t value);
  void long_number(std::uint64_t value);
  void string(ByteSpan bytes);
  void string(std::string_view text) { string(as_bytes(text)); }
  Bytes take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace pawl::receipt
