// The one binary encoding: plans, and every framed message. Big-endian integers; text and lists carry a
// 32-bit count. A struct lists its fields once, for both directions:
//
//   struct Ping {
//     std::uint32_t number = 0;
//     std::string text;
//     template <class Self, class Archive> static void fields(Self& self, Archive& archive) {
//       archive(self.number, self.text);
//     }
//   };
//
// Fields are appended, never reordered. Decoding allocates no more than the bytes that are there and refuses
// whatever is left over. An enum decodes only if `constexpr E last_of(E)` beside it allows the value.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::codec {

class Encoder {
 public:
  template <class... Fields>
  void operator()(const Fields&... values) {
    (put(values), ...);
  }
  Bytes take() && { return std::move(bytes_); }

 private:
  template <std::unsigned_integral T>
  void put(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      bytes_.push_back(value ? 1 : 0);
    } else {
      for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8)
        bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  void put(const std::int64_t& value) { put(static_cast<std::uint64_t>(value)); }
  void put(const std::int32_t& value) { put(static_cast<std::uint32_t>(value)); }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  void put(const Bytes& bytes) {
    put(static_cast<std::uint32_t>(bytes.size()));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void put(const Digest& digest) { bytes_.insert(bytes_.end(), digest.begin(), digest.end()); }
  template <class T>
    requires std::is_enum_v<T>
  void put(const T& value) {
    put(static_cast<std::uint8_t>(value));
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
    requires(!std::same_as<T, std::uint8_t>)
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <class T>
    requires requires(const T& value, Encoder& encoder) { T::fields(value, encoder); }
  void put(const T& value) {
    T::fields(value, *this);
  }

  Bytes bytes_;
};

class Decoder {
 public:
  explicit Decoder(ByteSpan bytes) : left_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... values) {
    (get(values), ...);
  }
  // Everything was well formed and nothing is left over.
  bool finished() const { return good_ && left_.empty(); }

 private:
  ByteSpan cut(std::size_t count) {
    if (!good_ || count > left_.size()) {
      good_ = false;
      return {};
    }
    const ByteSpan head = left_.first(count);
    left_ = left_.subspan(count);
    return head;
  }
  template <std::unsigned_integral T>
  void get(T& value) {
    const ByteSpan raw = cut(sizeof(T));
    std::uint64_t number = 0;
    for (std::uint8_t byte : raw) number = number << 8 | byte;
    if constexpr (std::same_as<T, bool>) {
      if (number > 1) good_ = false;
      value = number == 1;
    } else {
      value = static_cast<T>(number);
    }
  }
  void get(std::int64_t& value) {
    std::uint64_t raw = 0;
    get(raw);
    value = static_cast<std::int64_t>(raw);
  }
  void get(std::int32_t& value) {
    std::uint32_t raw = 0;
    get(raw);
    value = static_cast<std::int32_t>(raw);
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    const ByteSpan raw = cut(size);
    text.assign(raw.begin(), raw.end());
  }
  void get(Bytes& bytes) {
    std::uint32_t size = 0;
    get(size);
    const ByteSpan raw = cut(size);
    bytes.assign(raw.begin(), raw.end());
  }
  void get(Digest& digest) {
    const ByteSpan raw = cut(digest.size());
    for (std::size_t i = 0; i < raw.size(); ++i) digest[i] = raw[i];
  }
  template <class T>
    requires std::is_enum_v<T>
  void get(T& value) {
    std::uint8_t raw = 0;
    get(raw);
    if (raw > static_cast<std::uint8_t>(last_of(T{}))) good_ = false;
    if (good_) value = static_cast<T>(raw);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (good_ && there) get(value.emplace());
  }
  template <class T>
    requires(!std::same_as<T, std::uint8_t>)
  void get(std::vector<T>& list) {
    std::uint32_t count = 0;
    get(count);
    list.clear();
    if (count > left_.size()) good_ = false;  // every item takes at least one byte
    for (std::uint32_t i = 0; good_ && i < count; ++i) get(list.emplace_back());
  }
  template <class T>
    requires requires(T& value, Decoder& decoder) { T::fields(value, decoder); }
  void get(T& value) {
    T::fields(value, *this);
  }

  ByteSpan left_;
  bool good_ = true;
};

template <class T>
Bytes encode(const T& value) {
  Encoder encoder;
  T::fields(value, encoder);
  return std::move(encoder).take();
}

template <class T>
Result<T> decode(ByteSpan bytes) {
  T value;
  Decoder decoder(bytes);
  T::fields(value, decoder);
  if (!decoder.finished()) return refuse("malformed message");
  return value;
}

}  // namespace pawl::codec
