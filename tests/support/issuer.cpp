#include "tests/support/issuer.hpp"

#include "supervisor/receipt/key_kinds.hpp"
#include "supervisor/receipt/ssh_wire.hpp"

namespace pawl::test {
namespace {

Bytes packed(const std::vector<std::pair<std::string, std::string>>& options) {
  receipt::SshWriter writer;
  for (const auto& [name, data] : options) {
    writer.string(name);
    writer.string(data);
  }
  return std::move(writer).take();
}

}  // namespace

Bytes issue(const Signer& authority, const receipt::PublicKey& certified, const Issue& what) {
  receipt::SshReader key(certified.blob);
  (void)key.string();
  receipt::SshWriter writer;
  writer.string(receipt::entry_of(certified.kind).certificate_type);
  writer.string(std::string_view("a nonce of the tests' own"));
  writer.raw(key.left());
  writer.long_number(what.serial);
  writer.number(what.type);
  writer.string(what.key_id);
  receipt::SshWriter principals;
  for (const std::string& name : what.principals) principals.string(name);
  writer.string(std::move(principals).take());
  writer.long_number(what.valid_after);
  writer.long_number(what.valid_before);
  writer.string(packed(what.critical_options));
  writer.string(packed(what.extensions));
  writer.string(what.reserved);
  writer.string(authority.key().blob);
  Bytes said = std::move(writer).take();
  receipt::SshWriter whole;
  whole.raw(said);
  whole.string(what.signature.empty() ? authority.sign_bytes(said) : what.signature);
  return std::move(whole).take();
}

}  // namespace pawl::test
