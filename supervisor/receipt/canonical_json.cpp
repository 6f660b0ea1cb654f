#include "supervisor/receipt/canonical_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>
#include <vector>

#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

namespace json = boost::json;

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class Writer {
 public:
  Result<> put(const json::value& value, std::size_t depth) {
    switch (value.kind()) {
      case json::kind::null:
        text += "null";
        return {};
      case json::kind::bool_:
        text += value.get_bool() ? "true" : "false";
        return {};
      case json::kind::int64:
        return put_integer(value.get_int64());
      case json::kind::uint64:
        if (value.get_uint64() > static_cast<std::uint64_t>(kMaxInteger)) return refuse_integer();
        return put_integer(static_cast<std::int64_t>(value.get_uint64()));
      case json::kind::double_:
        return refuse("a number is not an integer of at most 2^53-1");
      case json::kind::string:
        return put_string(value.get_string());
      case json::kind::array:
        return put_array(value.get_array(), depth + 1);
      case json::kind::object:
        return put_object(value.get_object(), depth + 1);
    }
    return refuse("a value is of no JSON type");
  }

  std::string text;

 private:
  static std::unexpected<Error> refuse_integer() { return refuse("an integer is greater than 2^53-1"); }

  Result<> put_integer(std::int64_t number) {
    if (number > kMaxInteger || number < -kMaxInteger) return refuse_integer();
    text += std::to_string(number);
    return {};
  }

  Result<> put_string(std::string_view string) {
    if (!is_utf8(string)) return refuse("a string is not valid UTF-8");
    text += '"';
    std::size_t begin = 0;  // of what needs no escape
    for (std::size_t at = 0; at < string.size(); ++at) {
      if (is_plain(string[at])) continue;
      text += string.substr(begin, at - begin);
      put_escaped(string[at]);
      begin = at + 1;
    }
    text += string.substr(begin);
    text += '"';
    return {};
  }

  // RFC 8785 §3.2.2.2: the short escapes, \u00xx for the other control characters, everything else as it is.
  static bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }
  void put_escaped(char c) {
    switch (c) {
      case '"':
        text += "\\\"";
        return;
      case '\\':
        text += "\\\\";
        return;
      case '\b':
        text += "\\b";
        return;
      case '\f':
        text += "\\f";
        return;
      case '\n':
        text += "\\n";
        return;
      case '\r':
        text += "\\r";
        return;
      case '\t':
        text += "\\t";
        return;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += "\\u00";
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }

  Result<> put_array(const json::array& array, std::size_t depth) {
    if (depth > kMaxDepth) return refuse("more than 64 levels deep");
    text += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) text += ',';
      TRY(put(array[i], depth));
    }
    text += ']';
    return {};
  }

  // RFC 8785 sorts by UTF-16 code units, which is byte order while keys are ASCII.
  Result<> put_object(const json::object& object, std::size_t depth) {
    if (depth > kMaxDepth) return refuse("more than 64 levels deep");
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const json::key_value_pair& member : object) members.push_back(&member);
    const auto key = [](const auto* member) { return std::string_view(member->key()); };
    // What was read is in order already, mostly.
    if (!std::ranges::is_sorted(members, {}, key)) std::ranges::sort(members, {}, key);
    text += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!is_ascii(members[i]->key())) return refuse("a key is not ASCII");
      if (i > 0) text += ',';
      TRY(put_string(members[i]->key()));
      text += ':';
      TRY(put(members[i]->value(), depth));
    }
    text += '}';
    return {};
  }
};

}  // namespace

Result<std::string> to_canonical(const json::value& value) {
  Writer writer;
  TRY(writer.put(value, 0));
  if (writer.text.size() > kMaxCanonicalBytes) return refuse("longer than 4 MiB");
  return std::move(writer.text);
}

Result<json::value> parse_canonical(std::string_view text) {
  if (text.size() > kMaxCanonicalBytes) return refuse("longer than 4 MiB");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return refuse("not JSON: " + error.message());
  const std::string canonical = TRY_DURING("not canonical JSON", to_canonical(value));
  if (canonical == text) return value;
  const auto difference = std::ranges::mismatch(canonical, text);
  return refuse("not canonical JSON: byte " + std::to_string(difference.in2 - text.begin()) +
                " is not what its own values give");
}

}  // namespace pawl::receipt
