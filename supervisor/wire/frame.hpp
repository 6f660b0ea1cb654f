// A frame: one datagram, a 16-bit type, then the message's fields (sandbox/base/codec.hpp). See PROTOCOL.md.
#pragma once

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/wire/types.hpp"

namespace pawl::wire {

template <class Message>
Bytes frame(const Message& message) {
  const auto type = static_cast<std::uint16_t>(Message::type);
  Bytes bytes{static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)};
  const Bytes fields = codec::encode(message);
  bytes.insert(bytes.end(), fields.begin(), fields.end());
  return bytes;
}

// The type of a frame; unknown numbers are passed through for the dispatch table to refuse.
inline Result<Type> type_of(ByteSpan bytes) {
  if (bytes.size() < 2) return refuse("frame without a type");
  return static_cast<Type>(std::uint16_t{bytes[0]} << 8 | bytes[1]);
}

template <class Message>
Result<Message> unframe(ByteSpan bytes) {
  if (TRY(type_of(bytes)) != Message::type) return refuse("unexpected message type");
  return codec::decode<Message>(bytes.subspan(2));
}

}  // namespace pawl::wire
