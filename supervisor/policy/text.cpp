#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace pawl::policy {
namespace {

constexpr char32_t kInvalid = 0xffffffff;

// Takes one character off the front. kInvalid: the bytes there are no character (overlong and surrogate forms
// included).
char32_t next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 1;
  char32_t value = first;
  if (first >= 0x80) {
    length = first >= 0xf0 && first < 0xf5   ? 4
             : first >= 0xe0 && first < 0xf0 ? 3
             : first >= 0xc2 && first < 0xe0 ? 2
                                             : 0;
    if (length == 0 || length > text.size()) {
      text.remove_prefix(1);
      return kInvalid;
    }
    value = first & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) {
        text.remove_prefix(1);
        return kInvalid;
      }
      value = value << 6 | (byte(i) & 0x3f);
    }
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff) {
      text.remove_prefix(1);
      return kInvalid;
    }
  }
  text.remove_prefix(length);
  return value;
}

struct Unfit {
  char32_t first, last;
  std::string_view what;
};

// Unicode 15: general categories Cc, Cf, Zl, Zp as far as they occur in text, variation selectors, fillers
// and tags.
constexpr Unfit unfit[] = {
    {0x00, 0x1f, "a control character"},          {0x7f, 0x9f, "a control character"},
    {0xad, 0xad, "an invisible character"},       {0x34f, 0x34f, "an invisible character"},
    {0x61c, 0x61c, "a direction control"},        {0x115f, 0x1160, "an invisible character"},
    {0x17b4, 0x17b5, "an invisible character"},   {0x180b, 0x180f, "an invisible character"},
    {0x200b, 0x200d, "an invisible character"},   {0x200e, 0x200f, "a direction control"},
    {0x2028, 0x2029, "a line separator"},         {0x202a, 0x202e, "a direction control"},
    {0x2060, 0x2064, "an invisible character"},   {0x2065, 0x206f, "a direction control"},
    {0x3164, 0x3164, "an invisible character"},   {0xfe00, 0xfe0f, "an invisible character"},
    {0xfeff, 0xfeff, "an invisible character"},   {0xffa0, 0xffa0, "an invisible character"},
    {0xfff0, 0xfffb, "an invisible character"},   {0x1bca0, 0x1bca3, "an invisible character"},
    {0x1d173, 0x1d17a, "an invisible character"}, {0xe0000, 0xe0fff, "an invisible character"},
};

const Unfit* find_unfit(char32_t character) {
  const auto found = std::ranges::find_if(
      unfit, [&](const Unfit& range) { return character >= range.first && character <= range.last; });
  return found != std::end(unfit) ? found : nullptr;
}

std::string code_point(char32_t character) {
  std::array<char, 8> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(character), 16)
          .ptr;
  std::string text(digits.data(), end);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text.size() < 4 ? std::string(4 - text.size(), '0') + text : text;
}

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  quantity.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return quantity;
}

std::optional<std::uint64_t> times(std::uint64_t number, std::uint64_t factor) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // every later sum stays far from overflow
  if (number > kMost / factor) return std::nullopt;
  return number * factor;
}

}  // namespace

std::optional<std::string> text_flaw(std::string_view text) {
  while (!text.empty()) {
    const char32_t character = next_character(text);
    if (character == kInvalid) return "is not valid UTF-8";
    if (const Unfit* range = find_unfit(character))
      return "holds " + std::string(range->what) + " (U+" + code_point(character) + ")";
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMostCharacters = 200;
  std::string out = "'";
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == kMostCharacters) return out + "…' (" + std::to_string(text.size()) + " bytes more)";
    const std::string_view before = text;
    const char32_t character = next_character(text);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (character == kInvalid) {
      out += "\\x{" + code_point(static_cast<unsigned char>(bytes[0])).substr(2) + "}";
    } else if (find_unfit(character) != nullptr) {
      out += "\\u{" + code_point(character) + "}";
    } else if (character == '\\' || character == '\'') {
      out += '\\';
      out += bytes;
    } else {
      out += bytes;
    }
  }
  return out + "'";
}

bool valid_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && lower(text[0]) &&
         std::ranges::all_of(text, [](char c) { return lower(c) || digit(c) || c == '-'; });
}

bool valid_audience(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return lower(c) || upper(c) || digit(c) || c == '.' || c == '_' || c == '@' || c == '-';
  });
}

bool valid_variable(std::string_view text) {
  return !text.empty() && text.size() <= 128 && !digit(text[0]) &&
         std::ranges::all_of(text, [](char c) { return lower(c) || upper(c) || digit(c) || c == '_'; });
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  const std::uint64_t factor = quantity->unit == "s"   ? 1
                               : quantity->unit == "m" ? 60
                               : quantity->unit == "h" ? 3600
                                                       : 0;
  if (factor == 0) return std::nullopt;
  const auto seconds = times(quantity->number, factor);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  if (quantity->unit.starts_with(' ')) quantity->unit.remove_prefix(1);
  if (quantity->unit == "B") return times(quantity->number, 1);
  if (quantity->unit == "KiB") return times(quantity->number, std::uint64_t{1} << 10);
  if (quantity->unit == "MiB") return times(quantity->number, std::uint64_t{1} << 20);
  if (quantity->unit == "GiB") return times(quantity->number, std::uint64_t{1} << 30);
  return std::nullopt;
}

std::string duration_in_words(std::chrono::seconds time) {
  const auto count = time.count();
  if (count % 3600 == 0 && count != 0) return std::to_string(count / 3600) + "h";
  if (count % 60 == 0 && count != 0) return std::to_string(count / 60) + "m";
  return std::to_string(count) + "s";
}

bool clean_absolute(std::string_view path) {
  if (path == "/") return true;
  if (path.empty() || path[0] != '/' || path.back() == '/' || path.size() > 4000) return false;
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment.empty() || segment == "." || segment == ".." || segment.size() > 255) return false;
    start = end + 1;
  }
  return true;
}

bool lies_within(std::string_view path, std::string_view directory) {
  if (directory == "/" || path == directory) return true;
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

std::optional<std::string> credential_path(std::string_view path) {
  constexpr std::string_view names[] = {
      ".ssh",     ".gnupg",           ".aws",         ".azure",       ".kube",
      ".docker",  ".netrc",           ".npmrc",       ".pypirc",      ".pgpass",
      ".my.cnf",  ".git-credentials", ".vault-token", ".terraform.d", ".password-store",
      ".env",     ".htpasswd",        "gcloud",       "credentials",  "credentials.json",
      "shadow",   "gshadow",          "id_rsa",       "id_ed25519",   "id_ecdsa",
      "id_dsa",   "keyrings",         "secrets",      ".config",      ".local",
      ".mozilla", ".claude.json",     "kubeconfig",   "hosts.yml"};
  constexpr std::string_view endings[] = {".pem", ".key", ".p12", ".pfx", ".kdbx", ".keytab", ".ppk", ".jks"};
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (std::ranges::find(names, segment) != std::end(names)) return std::string(segment);
    if (std::ranges::any_of(endings, [&](std::string_view ending) { return segment.ends_with(ending); }))
      return std::string(segment);
  }
  return std::nullopt;
}

bool credential_variable(std::string_view name) {
  constexpr std::string_view parts[] = {"TOKEN",      "SECRET", "PASSW",        "CREDENTIAL", "APIKEY",
                                        "API_KEY",    "AUTH",   "COOKIE",       "PRIVATE",    "BEARER",
                                        "PASSPHRASE", "_DSN",   "DATABASE_URL", "KUBECONFIG", "NETRC"};
  constexpr std::string_view starts[] = {"AWS_",  "AZURE_", "GOOGLE_", "GCP_",   "VAULT_",
                                         "DBUS_", "GPG_",   "SSH_",    "DOCKER_"};
  std::string raised(name);
  std::ranges::transform(raised, raised.begin(),
                         [](char c) { return lower(c) ? static_cast<char>(c - 'a' + 'A') : c; });
  const auto contained = [&](std::string_view part) { return raised.find(part) != std::string::npos; };
  const auto opens = [&](std::string_view start) { return raised.starts_with(start); };
  return std::ranges::any_of(parts, contained) || std::ranges::any_of(starts, opens) ||
         raised.ends_with("_KEY") || raised.ends_with("_PAT") || raised == "KEY";
}

}  // namespace pawl::policy
