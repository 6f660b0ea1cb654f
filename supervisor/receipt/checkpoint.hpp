// What a log says about itself: origin, size and root, as a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint)
// in a signed note (c2sp.org/signed-note) with Ed25519.
//
//   pawl/prod.example.net          origin
//   1234                           entries
//   K1tM…=                         root, base64
//   (empty line)
//   — pawl/prod.example.net 5Fq…   base64 of 4 bytes of key id and the signature over the text above
//
// Pure; the broker signs, people's tools check; reads notes that anybody wrote.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/merkle.hpp"

struct evp_pkey_st;

namespace pawl::receipt {

inline constexpr std::size_t kMaxCheckpointBytes = 8 * 1024;
inline constexpr std::size_t kMaxOriginBytes = 160;

struct Checkpoint {
  std::string origin;
  TreeHead tree;
};

using NoteKeyId = std::array<std::uint8_t, 4>;

struct NoteSignature {
  std::string name;
  NoteKeyId id{};
  Bytes signature;
};

// Read, not believed: whose signatures hold is told by LogKey::check().
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string text;  // what is signed
  std::vector<NoteSignature> signatures;
};

Result<SignedCheckpoint> read_checkpoint(std::string_view note);

// A log's public key: "<name>+<8 hex digits>+<base64 of the kind's byte and the key>" (a vkey).
class LogKey {
 public:
  static Result<LogKey> parse(std::string_view vkey);
  static Result<LogKey> of(std::string name, ByteSpan public_key);

  const std::string& name() const { return name_; }
  const NoteKeyId& id() const { return id_; }
  std::string text() const;
  // One of its signatures is by this key and holds, and the log is the one that the key is named after.
  Result<> check(const SignedCheckpoint& checkpoint) const;

 private:
  std::string name_;
  std::array<std::uint8_t, 32> key_{};
  NoteKeyId id_{};
};

// The log's private key: "PRIVATE+KEY+<name>+<8 hex digits>+<base64 of the kind's byte and the seed>".
class LogSigner {
 public:
  static Result<LogSigner> generate(const std::string& origin);
  static Result<LogSigner> parse(std::string_view text);

  std::string text() const;  // the secret
  const LogKey& key() const { return key_; }
  Result<std::string> sign(const TreeHead& tree) const;  // the whole note

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Pkey = std::unique_ptr<evp_pkey_st, Free>;
  static Result<LogSigner> of(std::string_view name, Pkey pkey);
  LogSigner(Pkey pkey, LogKey key) : pkey_(std::move(pkey)), key_(std::move(key)) {}

  Pkey pkey_;
  LogKey key_;
};

}  // namespace pawl::receipt
