#include "supervisor/egress/rewrite.hpp"

#include <algorithm>

#include "supervisor/scrub/secret.hpp"

namespace pawl::egress {
namespace {

constexpr std::string_view kSecretMark = "{secret}";

// No TRACE: it sends the request back, credential and all. No CONNECT: a tunnel is beyond any rule.
constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

constexpr std::string_view kCredentialHeaders[] = {
    "authorization",
    "proxy-authorization",
    "cookie",
    "cookie2",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-api-token",
    "x-amz-security-token",
    "x-goog-iam-authorization-token",
    "ocp-apim-subscription-key",
    "x-authorization",
    "authentication",
    "anthropic-auth-token",
    "openai-organization",
    "openai-project",
    "x-goog-user-project",
    "x-goog-authenticated-user-email",
    "x-goog-iap-jwt-assertion",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-ms-authorization-auxiliary",
    "private-token",
    "x-client-secret",
};
// Headers with which a request says that it is another one: another method, path, host or sender.
constexpr std::string_view kPretences[] = {
    "x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-original-uri",
    "x-rewrite-url",          "x-host",        "x-real-ip",         "forwarded",      "via",
};
constexpr std::string_view kPretencePrefix = "x-forwarded-";
constexpr std::string_view kSignedQueryPrefix = "x-amz-";  // AWS presigned: the query is the credential
constexpr std::string_view kSignedQueryPrefixGoogle = "x-goog-";  // the same of Google's

constexpr std::string_view kCredentialParameters[] = {
    "key",       "$key",           "api_key",          "api-key",
    "apikey",    "access_token",   "$access_token",    "oauth_token",
    "token",     "auth_token",     "authorization",    "client_secret",
    "id_token",  "refresh_token",  "subscription-key", "subscription_key",
    "x-api-key", "x-goog-api-key", "awsaccesskeyid",   "signature",
    "sig",
};

// Between two neighbours only (RFC 9110 §7.6.1), and what this end says anew.
constexpr std::string_view kHopByHop[] = {
    "connection", "keep-alive",        "proxy-connection", "proxy-authenticate", "te",
    "trailer",    "transfer-encoding", "upgrade",          "content-length",
};
// Accept-Encoding: an answer must come uncompressed to be scrubbed. Range: parts could rebuild what is
// scrubbed whole.
constexpr std::string_view kNotSentUp[] = {"host", "expect", "accept-encoding", "range", "if-range"};
// Alt-Svc would send the client elsewhere.
constexpr std::string_view kNotSentBack[] = {"set-cookie", "set-cookie2", "alt-svc"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::ranges::any_of(names, [&](std::string_view other) { return same_name(name, other); });
}

bool has_prefix(std::string_view name, std::string_view prefix) {
  return same_name(name.substr(0, prefix.size()), prefix);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Reads each segment as the most forgiving server would: "%2e%2E" and "..;x" are "..". %2F stays opaque.
bool climbs(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    std::string segment = percent_decoded(path.substr(0, end));
    segment.resize(std::min(segment.find(';'), segment.size()));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(end);
  }
  return false;
}

bool is_credential_parameter(std::string_view parameter) {
  std::string name = percent_decoded(parameter.substr(0, parameter.find('=')));
  std::erase_if(name, [](char c) { return c == '+' || c == ' '; });
  return is_one_of(name, kCredentialParameters) || has_prefix(name, kSignedQueryPrefix) ||
         has_prefix(name, kSignedQueryPrefixGoogle);
}

std::string host_header(const wire::Route& route) {
  const bool address = route.host.contains(':');
  const std::string host = address ? "[" + route.host + "]" : route.host;
  const bool usual = route.port == (route.scheme == "https" ? 443 : 80);
  return usual ? host : host + ":" + std::to_string(route.port);
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void add_framing(std::string& head, const Framing& framing) {
  if (framing.kind == Framing::Kind::length) add(head, "Content-Length", std::to_string(framing.length));
  if (framing.kind == Framing::Kind::chunked || framing.kind == Framing::Kind::until_close)
    add(head, "Transfer-Encoding", "chunked");
}

bool is_nominated(const std::vector<std::string>& nominated, std::string_view name) {
  return std::ranges::any_of(nominated, [&](const std::string& other) { return same_name(name, other); });
}

// The filled slot, or nothing for a route without a secret. The caller wipes it.
Result<std::string> credential_line(const wire::Route& route, std::string_view secret) {
  if (route.header.empty()) return std::string();
  if (secret.empty() || !std::ranges::all_of(secret, [](char c) { return c > 0x20 && c < 0x7f; }))
    return refuse("the secret is empty, or has a space, control or non-ASCII character",
                  "look at the secret's source: often it is a trailing newline");
  const std::size_t slot = route.format.find(kSecretMark);
  if (slot == std::string::npos) return refuse("the route's format has no {secret}");
  std::string line;
  line.reserve(route.header.size() + route.format.size() + secret.size() + 8);  // growing would leave copies
  line.append(route.header).append(": ").append(route.format, 0, slot).append(secret);
  line.append(route.format, slot + kSecretMark.size()).append("\r\n");
  return line;
}

std::optional<Refusal> objection_to_target(std::string_view target) {
  if (!target.starts_with('/'))
    return Refusal{400, "the target must be a path on this server, not an absolute URL or *"};
  const std::string_view path = target.substr(0, target.find('?'));
  if (target.contains('#')) return Refusal{400, "a fragment in the target"};
  const std::string decoded = percent_decoded(path);
  if (path.contains('\\') || decoded.contains('\\')) return Refusal{400, "a backslash in the path"};
  if (decoded.contains('\0')) return Refusal{400, "an encoded NUL in the path"};
  if (climbs(path)) return Refusal{400, "a dot segment in the path"};
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> objection_to(const RequestHead& head) {
  if (head.method == "CONNECT") return Refusal{400, "no tunnels: CONNECT is not taken here"};
  if (std::ranges::find(kMethods, head.method) == std::end(kMethods))
    return Refusal{405, "the method " + head.method.substr(0, 32) + " is not taken here"};
  if (auto objection = objection_to_target(head.target)) return objection;
  const std::size_t hosts = count_fields(head.fields, "host");
  if (hosts != 1) return Refusal{400, hosts == 0 ? "no Host header" : "more than one Host header"};
  if (find_field(head.fields, "upgrade") != nullptr || find_field(head.fields, "http2-settings") != nullptr)
    return Refusal{400, "no upgrades: only HTTP/1.1 is spoken here"};
  for (const Field& field : head.fields)
    if (same_name(field.name, "expect") && !same_name(field.value, "100-continue"))
      return Refusal{417, "an Expect other than 100-continue"};
  return std::nullopt;
}

bool is_credential_slot(std::string_view header) {
  std::string name(header);
  std::ranges::replace(name, '_', '-');
  return is_one_of(name, kCredentialHeaders);
}

bool is_pretence(std::string_view header) {
  std::string name(header);
  std::ranges::replace(name, '_', '-');
  return is_one_of(name, kPretences) || has_prefix(name, kPretencePrefix);
}

std::string upstream_target(std::string_view base_path, std::string_view target) {
  std::string out(base_path);
  const std::size_t question = target.find('?');
  out += target.substr(0, question);
  if (question == std::string_view::npos) return out;
  std::string_view rest = target.substr(question + 1);
  char separator = '?';
  bool any = false;
  for (;;) {
    const std::size_t end = rest.find_first_of("&;");  // some servers still split at semicolons
    const std::string_view parameter = rest.substr(0, end);
    if (!is_credential_parameter(parameter)) {
      out += any ? separator : '?';
      out += parameter;
      any = true;
    }
    if (end == std::string_view::npos) return out;
    separator = rest[end];
    rest.remove_prefix(end + 1);
  }
}

std::string upstream_lines(const RequestHead& head, const Framing& framing, const wire::Route& route) {
  const std::vector<std::string> nominated = list_members(head.fields, "connection");
  std::string out;
  out.append(head.method).append(" ");
  out.append(upstream_target(route.base_path, head.target)).append(" HTTP/1.1\r\n");
  add(out, "Host", host_header(route));
  for (const Field& field : head.fields) {
    if (is_one_of(field.name, kHopByHop) || is_one_of(field.name, kNotSentUp) ||
        is_nominated(nominated, field.name) || is_credential_slot(field.name) || is_pretence(field.name) ||
        same_name(field.name, route.header))
      continue;
    add(out, field.name, field.value);
  }
  add(out, "Accept-Encoding", "identity");
  add(out, "Connection", "close");
  add_framing(out, framing);
  return out;
}

Result<std::string> upstream_head(std::string_view lines, const wire::Route& route, std::string_view secret) {
  std::string credential = TRY(credential_line(route, secret));
  std::string out;
  // Room for all, so that growing leaves no copy of the secret behind.
  out.reserve(lines.size() + credential.size() + 2);
  out.append(lines).append(credential).append("\r\n");
  scrub::wipe(credential);
  return out;
}

std::string agent_head(const ResponseHead& head, const Framing& framing, AfterAnswer after) {
  const std::vector<std::string> nominated = list_members(head.fields, "connection");
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " " + head.reason + "\r\n";
  for (const Field& field : head.fields) {
    // An answer without a body (HEAD, 304) may still say how long it would be.
    const bool length_only =
        framing.kind == Framing::Kind::none && head.status != 204 && same_name(field.name, "content-length");
    if (!length_only && (is_one_of(field.name, kHopByHop) || is_one_of(field.name, kNotSentBack) ||
                         is_nominated(nominated, field.name)))
      continue;
    add(out, field.name, field.value);
  }
  add_framing(out, framing);
  add(out, "Connection", after == AfterAnswer::close ? "close" : "keep-alive");
  return out += "\r\n";
}

std::optional<Refusal> objection_to(const ResponseHead& head) {
  if (head.status == 101) return Refusal{502, "the upstream switched protocols without being asked"};
  for (const std::string& coding : list_members(head.fields, "content-encoding"))
    if (!same_name(coding, "identity"))
      return Refusal{
          502,
          "the upstream compressed its answer although it was asked not to, so it cannot be searched "
          "for the secret"};
  if (head.status == 206) return Refusal{502, "the upstream sent a part although it was asked for the whole"};
  return std::nullopt;
}

AfterAnswer wanted_after(const RequestHead& head) {
  for (const std::string& option : list_members(head.fields, "connection"))
    if (same_name(option, "close")) return AfterAnswer::close;
  return AfterAnswer::keep_open;
}

bool expects_continue(const RequestHead& head) { return find_field(head.fields, "expect") != nullptr; }

}  // namespace pawl::egress
