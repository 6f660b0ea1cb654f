#include "supervisor/receipt/client_data.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <vector>

#include "supervisor/receipt/webauthn.hpp"

namespace pawl::receipt {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxClientDataDepth = 8;

// Boost.JSON keeps the last of two equal keys without a word; this listener sees both.
class NoKeyTwice {
 public:
  static constexpr std::size_t max_object_size = 64;
  static constexpr std::size_t max_array_size = 64;
  static constexpr std::size_t max_key_size = kMaxClientDataBytes;
  static constexpr std::size_t max_string_size = kMaxClientDataBytes;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    keys_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_ += std::string_view(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_ += std::string_view(part);
    const bool fresh = keys_.back().insert(std::exchange(key_, {})).second;
    if (!fresh) error = json::error::syntax;
    return fresh;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string key_;
};

json::parse_options strictly() {
  json::parse_options options;
  options.max_depth = kMaxClientDataDepth;
  return options;
}

Result<> refuse_key_twice(std::string_view text) {
  json::basic_parser<NoKeyTwice> parser(strictly());
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || read != text.size()) return refuse("it has a key twice, or is not JSON");
  return {};
}

}  // namespace

std::string to_base64url(ByteSpan bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

Result<> check_client_data(std::string_view text, ByteSpan challenge, std::string_view origin) {
  if (text.size() > kMaxClientDataBytes) return refuse("it is longer than 4096 bytes");
  std::string begins = R"({"type":"webauthn.get","challenge":")" + to_base64url(challenge);
  begins += R"(","origin":")" + std::string(origin) + '"';
  if (!text.starts_with(begins))
    return refuse("it does not begin with the type, challenge and origin expected");
  json::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, strictly());
  if (error || !value.is_object() || !text.ends_with('}')) return refuse("it is not one JSON object");
  TRY(refuse_key_twice(text));
  const json::object& object = value.get_object();
  if (const json::value* crossed = object.if_contains("crossOrigin"))
    if (!crossed->is_bool() || crossed->get_bool()) return refuse("another page embedded the one that asked");
  if (object.contains("topOrigin")) return refuse("another page embedded the one that asked");
  return {};
}

}  // namespace pawl::receipt
