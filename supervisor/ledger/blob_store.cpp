#include "supervisor/ledger/blob_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "supervisor/receipt/digest.hpp"

namespace pawl::ledger {
namespace {

constexpr std::string_view kTemporaryPrefix = "tmp-";
constexpr std::size_t kChunk = 64 * 1024;

// As much as there is at `offset`, at most the chunk; 0 at the end.
Result<std::size_t> read_at(int file, std::span<std::uint8_t> chunk, std::uint64_t offset) {
  ssize_t got = 0;
  do got = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed("read");
  return static_cast<std::size_t>(got);
}

// A blob being made: unlinked again unless it was published.
class Draft {
 public:
  static Result<Draft> create(int directory, Disk& disk) {
    std::string name = std::string(kTemporaryPrefix) + random_id();
    UniqueFd file(
        ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
    if (!file) return failed("create blob");
    // SAFETY: nobody else gets into the directory. An action's own user reads it where it is bound.
    if (::fchmod(file.get(), 0444) != 0) return failed("open a blob for reading");
    return Draft(directory, std::move(name), std::move(file), disk);
  }
  Draft(Draft&& other) noexcept
      : directory_(other.directory_),
        name_(std::exchange(other.name_, {})),
        file_(std::move(other.file_)),
        disk_(other.disk_),
        hash_(std::move(other.hash_)),
        size_(other.size_) {}
  ~Draft() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }

  Result<> write(ByteSpan bytes) {
    TRY(write_all(*disk_, file_.get(), bytes, size_));
    hash_.update(bytes);
    size_ += bytes.size();
    return {};
  }

  std::uint64_t size() const { return size_; }

  // Durable under its digest: contents first, then the name.
  Result<BlobStore::Copied> publish() {
    const Digest digest = hash_.finish();
    if (disk_->sync_all(file_.get()) != 0) return failed("sync blob");
    const auto novelty = ::faccessat(directory_, to_hex(digest).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0
                             ? BlobStore::Novelty::known
                             : BlobStore::Novelty::added;
    if (disk_->rename_in(directory_, name_, to_hex(digest)) != 0) return failed("rename blob");
    name_.clear();
    if (disk_->sync_all(directory_) != 0) return failed("sync blob directory");
    return BlobStore::Copied{digest, size_, novelty};
  }

 private:
  Draft(int directory, std::string name, UniqueFd file, Disk& disk)
      : directory_(directory), name_(std::move(name)), file_(std::move(file)), disk_(&disk) {}

  int directory_;
  std::string name_;
  UniqueFd file_;
  Disk* disk_;
  receipt::Sha256 hash_;
  std::uint64_t size_ = 0;
};

Result<> remove_leftovers(int directory, const std::string& path) {
  // fdopendir() takes the descriptor over, so it gets one of its own.
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return failed("open " + path);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(own.get()), ::closedir);
  if (!listing) return failed("list " + path);
  (void)own.release();
  while (const dirent* found = ::readdir(listing.get()))
    if (std::string_view(found->d_name).starts_with(kTemporaryPrefix))
      ::unlinkat(directory, found->d_name, 0);
  return {};
}

bool same_file_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

Result<BlobStore> BlobStore::open(const std::string& path, Disk& disk) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("create " + path);
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory) return failed("open " + path);
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return failed("stat " + path);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse("blob directory " + path + " is not the broker's alone",
                  "chown it to the broker's user and chmod it 0700");
  TRY(remove_leftovers(directory.get(), path));
  return BlobStore(std::move(directory), path, disk);
}

Result<Digest> BlobStore::put(ByteSpan bytes) { return TRY(put_new(bytes)).sha256; }

Result<BlobStore::Copied> BlobStore::put_new(ByteSpan bytes) {
  Draft draft = TRY_DURING(path_, Draft::create(directory_.get(), *disk_));
  TRY_DURING(path_, draft.write(bytes));
  return TRY_DURING(path_, draft.publish());
}

Result<> BlobStore::remove(const Digest& digest) {
  if (::unlinkat(directory_.get(), to_hex(digest).c_str(), 0) != 0 && errno != ENOENT)
    return failed("remove blob " + to_hex(digest));
  return {};
}

Result<std::size_t> BlobStore::keep_only(const std::set<Digest>& wanted) {
  std::vector<Digest> unwanted;
  {
    UniqueFd own(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return failed("open " + path_);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(own.get()), ::closedir);
    if (!listing) return failed("list " + path_);
    own.release();
    while (const dirent* item = ::readdir(listing.get()))
      if (const auto digest = receipt::digest_from_hex(item->d_name); digest && !wanted.contains(*digest))
        unwanted.push_back(*digest);
  }
  for (const Digest& digest : unwanted) TRY(remove(digest));
  return unwanted.size();
}

Result<BlobStore::Copied> BlobStore::put_copy(int source, std::uint64_t max) {
  struct stat before{};
  if (::fstat(source, &before) != 0) return failed("stat input");
  if (!S_ISREG(before.st_mode)) return refuse("input is not a regular file");
  const auto size = static_cast<std::uint64_t>(before.st_size);
  if (size > max)
    return refuse("input has " + std::to_string(size) + " bytes, more than the " + std::to_string(max) +
                  " allowed");
  Draft draft = TRY_DURING(path_, Draft::create(directory_.get(), *disk_));
  std::array<std::uint8_t, kChunk> chunk;
  // One byte past the size is asked for too: a file that grows is found out.
  for (std::uint64_t offset = 0; offset <= size;) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), size + 1 - offset));
    const std::size_t got = TRY_DURING("input", read_at(source, std::span(chunk).first(wanted), offset));
    if (got == 0) break;
    TRY_DURING(path_, draft.write(std::span(chunk).first(got)));
    offset += got;
  }
  struct stat after{};
  if (::fstat(source, &after) != 0) return failed("stat input");
  if (draft.size() != size || !same_file_state(before, after))
    return refuse("input changed while it was copied", "ask again when nothing writes to it");
  return TRY_DURING(path_, draft.publish());
}

Result<BlobStore::Blob> BlobStore::open_blob(const Digest& digest) const {
  const std::string name = to_hex(digest);
  UniqueFd file(::openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return failed("open blob " + name);
  receipt::Sha256 hash;
  std::uint64_t size = 0;
  std::array<std::uint8_t, kChunk> chunk;
  for (;;) {
    const std::size_t got = TRY_DURING("blob " + name, read_at(file.get(), chunk, size));
    if (got == 0) break;
    hash.update(std::span(chunk).first(got));
    size += got;
  }
  if (hash.finish() != digest)
    return refuse("blob " + name + " is damaged", "it cannot be used; ask for the action again");
  return Blob{std::move(file), size};
}

Result<Bytes> BlobStore::get(const Digest& digest, std::uint64_t max) const {
  const Blob blob = TRY(open_blob(digest));
  if (blob.size > max)
    return refuse("blob " + to_hex(digest) + " is longer than " + std::to_string(max) + " bytes");
  Bytes bytes(blob.size);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t got = TRY(read_at(blob.file.get(), std::span(bytes).subspan(filled), filled));
    if (got == 0) break;
    filled += got;
  }
  if (filled != bytes.size() || receipt::sha256(bytes) != digest)
    return refuse("blob " + to_hex(digest) + " changed while it was read");
  return bytes;
}

bool BlobStore::contains(const Digest& digest) const {
  return ::faccessat(directory_.get(), to_hex(digest).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace pawl::ledger
