#include "supervisor/broker/adoption.hpp"

#include <sys/stat.h>

#include <boost/json/serialize.hpp>

#include "supervisor/broker/books.hpp"
#include "supervisor/broker/broker.hpp"

namespace pawl::broker {
namespace {

// What it really has: the declared maximum would let a few small files use up the minute.
Result<std::uint64_t> size_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return failed("look at the file");
  if (!S_ISREG(status.st_mode)) return refuse("it is not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

Result<Digest> adopt_document(Adoption& adoption, std::string_view canonical) {
  if (canonical.size() > kMaxDocument) return refuse("the action document would be longer than 64 KiB");
  // Receipts carry the document as a string in JSON, where quotes and backslashes take two bytes.
  if (boost::json::serialize(boost::json::string(canonical)).size() > kMaxEscapedDocument)
    return refuse("the action document would be too long for a receipt", "use fewer or shorter parameters");
  const auto stored = TRY(adoption.blobs().put_new(as_bytes(canonical)));
  adoption.add(stored);
  return stored.sha256;
}

Result<ledger::BlobStore::Copied> adopt_input(Adoption& adoption, int source, std::uint64_t max,
                                              Rate& quota) {
  const std::uint64_t size = TRY(size_of(source));
  if (size <= max && !quota.admits(boot_clock(), size))
    return refuse("too many bytes were handed over within a minute", "wait a minute");
  const auto copied = TRY(adoption.blobs().put_copy(source, max));
  adoption.add(copied);
  return copied;
}

}  // namespace pawl::broker
