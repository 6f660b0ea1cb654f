#include "supervisor/receipt/provenance.hpp"

#include "supervisor/receipt/signature_parts.hpp"

namespace pawl::receipt {
namespace {

// An ssh security key is never copied, so that its flags are few. (A passkey's are webauthn.cpp's.)
Result<> check_touch(const PublicKey& key, const SignatureParts& parts) {
  if (!application_of(key).starts_with(kSshApplication))
    return refuse("signature: by a passkey, but not through a browser");
  if ((parts.flags & touch_flag::present) == 0)
    return refuse("signature: nobody touched the security key", "a key without -O no-touch-required");
  if ((parts.flags & ~(touch_flag::present | touch_flag::verified)) != 0)
    return refuse("signature: the security key's flags say more than a signature may");
  return {};
}

Result<> check_verification(const SignatureParts& parts, const Demands& demands) {
  const bool verified = (parts.flags & touch_flag::verified) != 0;
  if (demands.user_verification == UserVerification::required && !verified)
    return refuse("signature: the key did not verify who touched it",
                  "make one that asks for its PIN: ssh-keygen -t ed25519-sk -O verify-required");
  return {};
}

Result<> check_named(const SshSignature& signature, const Credential& enrolled) {
  if (names(signature, enrolled)) return {};
  if (signature.certificate)
    return refuse("signature: made by a certificate of " + fingerprint(signature.certificate->authority) +
                      ", not with what is enrolled: " + describe(enrolled),
                  "sign with the key itself, or enroll the authority");
  if (signature.key == enrolled.key)
    return refuse("signature: not in the form that fits what is enrolled: " + describe(enrolled));
  return refuse("signature: made with " + fingerprint(signature.key) + ", not with the enrolled key " +
                describe(enrolled));
}

}  // namespace

Result<Provenance> check_provenance(std::string_view armored, const Credential& enrolled,
                                    std::string_view signature_namespace, ByteSpan message,
                                    const Circumstances& circumstances) {
  const SshSignature signature = TRY(parse_armored(armored));
  TRY(check_named(signature, enrolled));
  if (signature.signature_namespace != signature_namespace)
    return refuse("signature: not in the namespace " + std::string(signature_namespace));
  const SignatureParts parts =
      TRY_DURING("signature", parse_signature(entry_of(signature.key.kind), signature.signature));
  Provenance made{.key = signature.key};
  const Bytes challenge = to_be_signed(signature_namespace, message);
  if (signature.certificate) {
    const Certificate& issued = *signature.certificate;
    TRY(check_certificate(issued, {enrolled.key, circumstances.person, circumstances.time}));
    made.certificate = {issued.serial, issued.key_id, issued.authority, issued.valid_before};
  }
  if (parts.form == SignatureForm::webauthn) {
    TRY(check_assertion(enrolled.passkey, parts, challenge));
    made.origin = enrolled.passkey.origin;
  }
  if (parts.form == SignatureForm::security_key) TRY(check_touch(signature.key, parts));
  TRY(check_verification(parts, circumstances.demands));
  TRY(check_signature(signature.key, parts, challenge));
  if (parts.form != SignatureForm::plain)
    made.device = {(parts.flags & touch_flag::verified) != 0, parts.counter};
  return made;
}

}  // namespace pawl::receipt
