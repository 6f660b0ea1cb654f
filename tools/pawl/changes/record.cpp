#include "tools/pawl/changes/record.hpp"

#include <boost/json/parse.hpp>

namespace pawl::changes {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kLatest = std::int64_t{1} << 50;  // ms: in nanoseconds it still fits
constexpr std::size_t kMaxPatterns = 4096;

class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  Result<> text(std::string_view key, std::string& value) {
    const json::value& found = *TRY(find(key));
    if (!found.is_string()) return refuse(wrong(key));
    value.assign(found.get_string().data(), found.get_string().size());
    if (value.find('\0') != std::string::npos) return refuse(wrong(key));
    return {};
  }
  Result<> number(std::string_view key, std::uint64_t& value) {
    const json::value& found = *TRY(find(key));
    if (found.is_uint64())
      value = found.get_uint64();
    else if (found.is_int64() && found.get_int64() >= 0)
      value = static_cast<std::uint64_t>(found.get_int64());
    else
      return refuse(wrong(key));
    return {};
  }
  Result<> patterns(std::string_view key, std::vector<std::string>& value) {
    const json::value& found = *TRY(find(key));
    if (!found.is_array() || found.get_array().size() > kMaxPatterns) return refuse(wrong(key));
    for (const json::value& item : found.get_array()) {
      if (!item.is_string()) return refuse(wrong(key));
      value.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return {};
  }
  Result<> finished() const {
    if (used_ != object_.size()) return refuse("it has a key that does not belong there");
    return {};
  }

 private:
  static std::string wrong(std::string_view key) {
    return "the value of \"" + std::string(key) + "\" makes no sense";
  }
  Result<const json::value*> find(std::string_view key) {
    const json::value* found = object_.if_contains(key);
    if (found == nullptr) return refuse("it lacks the key \"" + std::string(key) + "\"");
    ++used_;
    return found;
  }

  const json::object& object_;
  std::size_t used_ = 0;
};

}  // namespace

Result<Record> read_record(std::string_view text) {
  if (text.size() > kMaxRecord) return refuse("it is too long");
  json::parse_options options;
  options.max_depth = 4;
  options.allow_invalid_utf8 = true;  // names of folders may be any bytes
  boost::system::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return refuse("it is no JSON object");
  Reader reader(value.get_object());
  Record record;
  std::uint64_t version = 0;
  std::uint64_t started = 0;
  TRY(reader.number("version", version));
  if (version != kVersion)
    return refuse("it has version " + std::to_string(version), "it was written by another version of pawl");
  TRY(reader.text("session", record.session));
  TRY(reader.text("role", record.role));
  TRY(reader.text("workspace", record.workspace));
  TRY(reader.number("device", record.device));
  TRY(reader.number("inode", record.inode));
  TRY(reader.number("started", started));
  TRY(reader.patterns("protect", record.protect));
  TRY(reader.patterns("hide", record.hide));
  TRY(reader.finished());
  if (!tools::is_session_id(record.session)) return refuse("\"session\" is no session's id");
  if (!record.workspace.starts_with('/')) return refuse("\"workspace\" is no absolute path");
  if (started == 0 || started > kLatest) return refuse("\"started\" is no time");
  record.started = static_cast<std::int64_t>(started);
  return record;
}

}  // namespace pawl::changes
