// Structs to and from JSON objects, strictly: a struct lists its keys once, for both directions, and reading
// refuses an object that lacks a key, has another one, or holds a value of another type.
//
//   struct Input {
//     std::string name;
//     Digest sha256{};
//     template <class Self, class Archive> static void fields(Self& self, Archive& archive) {
//       archive("name", self.name);
//       archive("sha256", self.sha256);
//     }
//   };
//
// Digests are 64 hexadecimal digits, an empty optional is null (or, with archive.when_there(), a key that is
// left out: texts that were written before the key was known keep their bytes), an enum is one of the words
// that `std::span<const std::string_view> words_of(E)` beside it lists in the enum's order. Pure; runs in the
// broker and in people's tools; reads the bytes of whoever sent the JSON.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/canonical_json.hpp"
#include "supervisor/receipt/digest.hpp"

namespace pawl::receipt {

template <class T>
concept WordedEnum = std::is_enum_v<T> && requires(T value) {
  { words_of(value) } -> std::convertible_to<std::span<const std::string_view>>;
};

class FieldWriter {
 public:
  template <class T>
  void operator()(std::string_view key, const T& value) {
    object_[key] = put(value);
  }
  template <class T>
  void when_there(std::string_view key, const std::optional<T>& value) {
    if (value) object_[key] = put(*value);
  }
  void when_there(std::string_view key, const std::string& value) {
    if (!value.empty()) object_[key] = put(value);
  }
  boost::json::object take() && { return std::move(object_); }

 private:
  template <class T>
  static boost::json::value put(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      return value;
    } else if constexpr (std::integral<T>) {
      return static_cast<std::int64_t>(value);
    } else if constexpr (std::same_as<T, std::string>) {
      return boost::json::string(value);
    } else if constexpr (std::same_as<T, Digest>) {
      return boost::json::string(to_hex(value));
    } else if constexpr (std::same_as<T, boost::json::object>) {
      return value;
    } else if constexpr (WordedEnum<T>) {
      return boost::json::string(words_of(value)[static_cast<std::size_t>(value)]);
    } else {
      FieldWriter nested;
      T::fields(value, nested);
      return std::move(nested).take();
    }
  }
  template <class T>
  static boost::json::value put(const std::vector<T>& list) {
    boost::json::array array;
    for (const T& item : list) array.push_back(put(item));
    return array;
  }
  template <class T>
  static boost::json::value put(const std::optional<T>& value) {
    return value ? put(*value) : boost::json::value(nullptr);
  }

  boost::json::object object_;
};

class FieldReader {
 public:
  explicit FieldReader(const boost::json::object& object) : object_(object) {}

  template <class T>
  void operator()(std::string_view key, T& value) {
    if (error_) return;
    const boost::json::value* found = object_.if_contains(key);
    if (found == nullptr) return complain("misses the key \"" + std::string(key) + "\"");
    ++used_;
    if (auto got = get(*found, value); !got) error_ = std::move(got).error().during(key);
  }

  template <class T>
  void when_there(std::string_view key, std::optional<T>& value) {
    value.reset();
    if (object_.contains(key)) (*this)(key, value.emplace());
  }
  void when_there(std::string_view key, std::string& value) {
    value.clear();
    if (!object_.contains(key)) return;
    (*this)(key, value);
    // One spelling for one meaning.
    if (!error_ && value.empty())
      error_ = Error{0, std::string(key) + ": is empty, and would be left out", {}};
  }

  // Every key was read, every value was of its type.
  Result<> finished() && {
    if (error_) return std::unexpected(*std::move(error_));
    if (used_ != object_.size()) return refuse("has a key that does not belong there");
    return {};
  }

 private:
  void complain(std::string what) { error_ = Error{0, std::move(what), {}}; }

  template <class T>
  static Result<> get(const boost::json::value& json, T& value) {
    if constexpr (std::same_as<T, bool>) {
      if (!json.is_bool()) return refuse("is not true or false");
      value = json.get_bool();
    } else if constexpr (std::integral<T>) {
      std::int64_t number = 0;
      if (json.is_int64())
        number = json.get_int64();
      else
        return refuse("is not an integer");
      if (number > kMaxInteger || number < -kMaxInteger || !std::in_range<T>(number))
        return refuse("is out of range");
      value = static_cast<T>(number);
    } else if constexpr (std::same_as<T, std::string>) {
      if (!json.is_string()) return refuse("is not a string");
      value.assign(json.get_string().data(), json.get_string().size());
    } else if constexpr (std::same_as<T, Digest>) {
      const auto digest = json.is_string() ? digest_from_hex(json.get_string()) : std::nullopt;
      if (!digest) return refuse("is not a SHA-256 digest of 64 lower-case hexadecimal digits");
      value = *digest;
    } else if constexpr (std::same_as<T, boost::json::object>) {
      if (!json.is_object()) return refuse("is not an object");
      value = json.get_object();
    } else if constexpr (WordedEnum<T>) {
      if (!json.is_string()) return refuse("is not a string");
      const std::span<const std::string_view> words = words_of(T{});
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (std::string_view(json.get_string()) != words[i]) continue;
        value = static_cast<T>(i);
        return {};
      }
      return refuse("is none of the words it may be");
    } else {
      if (!json.is_object()) return refuse("is not an object");
      FieldReader nested(json.get_object());
      T::fields(value, nested);
      return std::move(nested).finished();
    }
    return {};
  }
  template <class T>
  static Result<> get(const boost::json::value& json, std::vector<T>& list) {
    if (!json.is_array()) return refuse("is not an array");
    list.clear();
    for (const boost::json::value& item : json.get_array())
      TRY_DURING("item " + std::to_string(list.size()), get(item, list.emplace_back()));
    return {};
  }
  template <class T>
  static Result<> get(const boost::json::value& json, std::optional<T>& value) {
    value.reset();
    if (json.is_null()) return {};
    return get(json, value.emplace());
  }

  const boost::json::object& object_;
  std::size_t used_ = 0;
  std::optional<Error> error_;
};

template <class T>
boost::json::object to_object(const T& value) {
  FieldWriter writer;
  T::fields(value, writer);
  return std::move(writer).take();
}

template <class T>
Result<T> from_object(const boost::json::object& object) {
  T value;
  FieldReader reader(object);
  T::fields(value, reader);
  TRY(std::move(reader).finished());
  return value;
}

// Straight from canonical text; errors begin with `what`.
template <class T>
Result<T> from_canonical(std::string_view text, std::string_view what) {
  const boost::json::value json = TRY_DURING(what, parse_canonical(text));
  if (!json.is_object()) return refuse(std::string(what) + ": is not an object");
  return TRY_DURING(what, from_object<T>(json.get_object()));
}

}  // namespace pawl::receipt
