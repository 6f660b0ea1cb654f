// A certificate authority of a test's own.
#pragma once

#include <memory>
#include <string>

namespace pawl::test {

struct Certified {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

class Authority {
 public:
  Authority();
  ~Authority();
  const std::string& certificate() const;  // PEM
  // `name`: a subject alternative name as OpenSSL writes it: "DNS:localhost" or "IP:127.0.0.1".
  Certified certify(const std::string& name) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pawl::test
