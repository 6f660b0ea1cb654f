// What stands inside signatures of every kind. The first byte chooses kind and use; nothing that the fuzzer
// makes is a signature over this harness's message.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/key_kinds.hpp"
#include "supervisor/receipt/signature_parts.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl;

namespace {

constexpr std::string_view kMessage = "nobody ever signed this";

// One public key of each kind; those of the golden receipts.
constexpr std::string_view kKeys[] = {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5yUiQuLp+4LmYcrGQXQCqncLQrbPuQ12elJTVlnceB",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL3/2bNM4d3Ap2rfSv"
    "ttT0G7rGyHbgWXrCqX8HkvZBK7ULb7TC0VOrL0mKe4iLHJj/KRlJco4z9RRu++MkJHohQ=",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDl2YYJyQk0bF8evm48CRP1SXJJ8vDHeOankoIFuElXpfXw7zhtxE"
    "UkrxEU+xd3KnJn2E6ZOcerGCSk/wFmuE7F9UHn2TewurPs7O6CgfkrkkJ+zk80v6vdKsBSvGHKw7cZH2D4Keg0CB2C"
    "HjG+wKKBsj9JypmwjVrt94ZF91Do+CmrYBVdDbUrFUP+sehdkbs1oemloTaJogtkLC5nrUxfr2s1zpI2//hNNtil8V"
    "tUgu9ZZ5CTkfruZaMDnOBe/P7O20ZPBEah5MCl5fp4yOXxPFuejbXACeVpap6gp9F5jHPoM2KnQBaeTUG95Y8lPCkp"
    "xE4BOqzFWLgMXbnBHlZrCffNyD2SykkDvdgsQ6GXfKF7Wps1i/4R1KebIWVYxmS+rnWqOKuF5qOebc361QDpcSQK6b"
    "2ANe9HBARCPT1TegoZBkG5jTmVtkbdUwhfV+tmeBm7ZFeWwLltyECTFVfrR37vjF5J6TTet0TDUIadZqozWh6D+CBI"
    "kXDKcOck7Lc=",
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIDYbugx/CsVYkphou/X"
    "1Acxhxqu1SVs3toqkdJ/fyPYdAAAABHNzaDo=",
    "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAA"
    "IbmlzdHAyNTYAAABBBNjMorKOAHTBt5G4AiWu1ZFe3hpnqXUbPCfGvJXT90P0o5mFbRQfMYkk8Va9ZeZeP5rrYEh6Y"
    "ogqmi4iIqjJg1UAAAAEc3NoOg==",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const auto keys = [] {
    std::vector<receipt::PublicKey> read;
    for (const std::string_view line : kKeys) read.push_back(receipt::parse_public_key(line).value());
    return read;
  }();
  const receipt::PublicKey& key = keys[(data[0] & 0x7f) % keys.size()];
  const auto what = data[0] < 0x80 ? receipt::SignedThing::message : receipt::SignedThing::certificate;
  const ByteSpan bytes(data + 1, size - 1);
  const auto parts = receipt::parse_signature(receipt::entry_of(key.kind), bytes, what);
  if (!parts) return 0;
  fuzz::require(parts->value.size() + parts->origin.size() + parts->client_data.size() +
                    parts->extensions.size() <
                bytes.size());
  fuzz::require(!receipt::check_signature(key, *parts, as_bytes(kMessage)));
  return 0;
}
