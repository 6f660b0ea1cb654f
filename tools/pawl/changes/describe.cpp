#include "tools/pawl/changes/describe.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/utf8.hpp"
#include "tools/pawl/changes/content.hpp"

namespace pawl::changes {
namespace {

namespace json = boost::json;

// JSON is UTF-8, names are any bytes: those that are not are shown as escapes, and whole in "path_base64".
json::value text(std::string_view bytes) {
  return json::string(receipt::is_utf8(bytes) ? std::string(bytes) : receipt::visible(bytes));
}
json::value text_or_null(std::string_view bytes) {
  return bytes.empty() ? json::value(nullptr) : text(bytes);
}

json::value base64_or_null(std::string_view bytes) {
  return receipt::is_utf8(bytes) ? json::value(nullptr)
                                 : json::value(json::string(to_base64(as_bytes(bytes))));
}

json::value digest_or_null(const std::optional<Digest>& digest) {
  return digest ? json::value(json::string(to_hex(*digest))) : json::value(nullptr);
}

void side(json::object& object, const std::string& prefix, const std::optional<Node>& node,
          const std::optional<Digest>& digest, const std::string& target) {
  const bool file = node && node->type == Type::file;
  object[prefix + "type"] = node ? json::value(word(node->type)) : json::value(nullptr);
  object[prefix + "mode"] =
      node ? json::value(json::string(fmt::format("{:04o}", node->mode))) : json::value(nullptr);
  object[prefix + "size"] = file ? json::value(node->size) : json::value(nullptr);
  object[prefix + "sha256"] = digest_or_null(digest);
  object[prefix + "target"] = text_or_null(target);
}

json::object object_of(const Change& change) {
  json::object object{{"kind", word(change.kind)},
                      {"path", text(change.path)},
                      {"path_base64", base64_or_null(change.path)},
                      {"old_path", text_or_null(change.old_path)},
                      {"old_path_base64", base64_or_null(change.old_path)}};
  side(object, "", change.after, change.digest, change.target);
  side(object, "old_", change.before, change.old_digest, change.old_target);
  object["protected"] = text_or_null(change.guarded.protection);
  object["escaping"] = text_or_null(change.guarded.escape);
  object["special"] = text_or_null(change.guarded.special);
  object["writable"] = change.writable == Writable::yes;
  object["conflict"] = text_or_null(change.conflict);
  object["reason"] = nullptr;
  return object;
}

json::object object_of(const LeftOut& left) {
  Change nothing;
  nothing.path = left.path;
  json::object object = object_of(nothing);
  object["kind"] = "left_out";
  object["writable"] = false;
  object["reason"] = text(left.reason);
  return object;
}

}  // namespace

void add_digests(ChangeSet& set, const UniqueFd& upper, const UniqueFd& workspace, std::uint64_t limit) {
  const auto fill = [&](std::optional<Digest>& digest, const std::optional<Node>& node, const UniqueFd& top,
                        const std::string& path) {
    if (digest || !node || node->type != Type::file || node->size > limit) return;
    limit -= node->size;
    const auto file = open_file(top, path);
    if (!file) return;  // the change says that it cannot be read
    if (auto got = digest_of(*file)) digest = *got;
  };
  for (Change& change : set.changes) {
    fill(change.digest, change.after, upper, change.path);
    fill(change.old_digest, change.before, workspace,
         change.kind == Kind::renamed ? change.old_path : change.path);
  }
}

json::array json_of(const ChangeSet& set) {
  json::array array;
  for (const Change& change : set.changes) array.push_back(object_of(change));
  for (const LeftOut& left : set.left_out) array.push_back(object_of(left));
  return array;
}

}  // namespace pawl::changes
