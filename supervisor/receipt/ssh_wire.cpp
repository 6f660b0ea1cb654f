#include "supervisor/receipt/ssh_wire.hpp"

namespace pawl::receipt {

Result<ByteSpan> SshReader::raw(std::size_t count) {
  if (count > left_.size()) return refuse("ends too early");
  const ByteSpan head = left_.first(count);
  left_ = left_.subspan(count);
  return head;
}

Result<std::uint32_t> SshReader::number() {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : TRY(raw(4))) value = value << 8 | byte;
  return value;
}

Result<std::uint64_t> SshReader::long_number() {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : TRY(raw(8))) value = value << 8 | byte;
  return value;
}

Result<ByteSpan> SshReader::string() {
  const std::uint32_t size = TRY(number());
  return raw(size);
}

Result<ByteSpan> SshReader::positive() {
  const ByteSpan bytes = TRY(string());
  if (bytes.empty() || bytes[0] >= 0x80) return refuse("holds an integer that is not positive");
  if (bytes[0] != 0) return bytes;
  if (bytes.size() == 1 || bytes[1] < 0x80) return refuse("holds a padded integer");
  return bytes.subspan(1);
}

Result<> SshReader::finished() const {
  if (!left_.empty()) return refuse("goes on after its end");
  return {};
}

void SshWriter::number(std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
}

void SshWriter::long_number(std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
}

void SshWriter::string(ByteSpan bytes) {
  number(static_cast<std::uint32_t>(bytes.size()));
  raw(bytes);
}

}  // namespace pawl::receipt
