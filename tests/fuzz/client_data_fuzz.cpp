// clientDataJSON of passkeys: read whole, and behind the beginning that every accepted one has.
#include <boost/json/parse.hpp>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/client_data.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl;

namespace {

constexpr std::string_view kChallenge = "a challenge";
constexpr std::string_view kOrigin = "https://pawl.example.com:8443";

void check(std::string_view text) {
  if (!receipt::check_client_data(text, as_bytes(kChallenge), kOrigin)) return;
  const auto object = boost::json::parse(boost::json::string_view(text.data(), text.size())).as_object();
  fuzz::require(object.at("type").as_string() == "webauthn.get");
  fuzz::require(object.at("challenge").as_string() == receipt::to_base64url(as_bytes(kChallenge)).c_str());
  fuzz::require(object.at("origin").as_string() == boost::json::string_view(kOrigin.data(), kOrigin.size()));
  fuzz::require(!object.contains("topOrigin"));
  fuzz::require(!object.contains("crossOrigin") || !object.at("crossOrigin").as_bool());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  check(text);
  std::string whole = R"({"type":"webauthn.get","challenge":")" + receipt::to_base64url(as_bytes(kChallenge));
  whole += R"(","origin":")" + std::string(kOrigin) + '"';
  check(whole += text);
  return 0;
}
