// A P-256 key that signs as a security key or as a passkey does, inside the test: with whatever flags, page
// and browser's words the test wants.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/receipt/credential.hpp"

struct evp_pkey_st;

namespace pawl::test {

class Device {
 public:
  // Equal seeds (1..127) and applications give equal keys. "ssh:" is a security key's, a host name a
  // passkey's.
  Device(std::uint8_t seed, std::string application);

  const receipt::PublicKey& key() const { return key_; }

  struct Report {
    std::uint8_t flags = 0x01;
    std::uint32_t counter = 7;
    std::string origin = "https://pawl.example.com";
    std::string members;                     // of clientDataJSON, after the origin: ,"crossOrigin":false
    std::optional<std::string> client_data;  // instead of what a browser would write
    std::string extensions;
  };
  // Armored, each in its form.
  std::string touch(std::string_view signature_namespace, std::string_view message,
                    const Report& report) const;
  std::string assertion(std::string_view signature_namespace, std::string_view message,
                        const Report& report) const;

 private:
  Bytes sign(const Report& report, ByteSpan hashed) const;

  std::string application_;
  std::shared_ptr<evp_pkey_st> secret_;
  receipt::PublicKey key_;
};

}  // namespace pawl::test
