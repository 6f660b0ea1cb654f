#include "tools/pawl/changes/writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "sandbox/base/descriptor_path.hpp"
#include "tools/pawl/changes/staging.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {
namespace {

using Step = Operation::Step;
using State = Operation::State;

constexpr char kChanged[] = "the host changed it meanwhile";
constexpr char kAppeared[] = "something is there now where nothing was";
constexpr std::uint32_t kOwner = 0700;

// RENAME_NOREPLACE where the file system has it, else a second name and then one less.
Result<> rename_fresh(const UniqueFd& folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder.get(), from.c_str(), folder.get(), to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return failed("rename");
  if (::linkat(folder.get(), from.c_str(), folder.get(), to.c_str(), 0) != 0) return failed("rename");
  if (::unlinkat(folder.get(), from.c_str(), 0) != 0) return failed("rename");
  return {};
}

int exchange(const UniqueFd& folder, const std::string& one, const std::string& other) {
  return ::renameat2(folder.get(), one.c_str(), folder.get(), other.c_str(), RENAME_EXCHANGE);
}

bool is_lost_ground(int errnum) {
  return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == EXDEV;
}

// The host lacks something for a while: trying again may help. Anything else would stop every attempt at the
// same place, and the rest is not to wait for it.
bool may_pass(const Error& error) {
  switch (error.errnum) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return true;
    default:
      return false;
  }
}

bool puts(const Operation& operation) {
  return operation.step == Step::put_file || operation.step == Step::put_link;
}

}  // namespace

Writer::Writer(const Scene& scene, Journal& journal)
    : scene_(scene), journal_(journal), top_(open_within(scene.workspace, "", O_RDONLY | O_DIRECTORY)) {
  for (const Operation& operation : journal.operations)
    if (operation.state == State::done && puts(operation)) written_.insert(operation.path);
}

Result<> Writer::skip(std::size_t index, std::string reason) {
  journal_.operations[index].state = State::skipped;
  skipped_.try_emplace(index, std::move(reason));
  return {};
}

Result<> Writer::done(std::size_t index) {
  Operation& operation = journal_.operations[index];
  operation.state = State::done;
  touched_.insert(std::string(parent_of(operation.path)));
  if (puts(operation)) written_.insert(operation.path);
  return {};
}

// Nothing: the folder is no longer there, or a link or a mount has taken its place.
Result<std::optional<Writer::Spot>> Writer::spot_of(std::size_t index) {
  const std::string& path = journal_.operations[index].path;
  auto folder = open_folder(scene_.workspace, std::string(parent_of(path)));
  if (!folder && is_lost_ground(folder.error().errnum)) {
    const Step step = journal_.operations[index].step;
    if (step == Step::clear || step == Step::clear_folder)
      TRY(done(index));
    else
      TRY(skip(index, "its folder is not there any more"));
    return std::nullopt;
  }
  if (!folder) return std::unexpected(std::move(folder).error());
  return Spot{*std::move(folder), std::string(name_of(path)), journal_.temporary(index)};
}

// Somebody changed or removed what stood beside its place. It is not pawl's any more: it is left alone.
Result<> Writer::skip_meddled(std::size_t index, const Spot& spot) {
  const bool stands = TRY(look_in(spot.folder, spot.temporary)).has_value();
  return skip(index, stands ? "what was prepared for it was changed meanwhile; see " + spot.temporary
                            : "what was prepared for it was removed meanwhile");
}

Result<> Writer::prepare(std::size_t index) {
  const Operation& operation = journal_.operations[index];
  const auto spot = TRY(spot_of(index));
  if (!spot) return {};
  const auto prepare = [&]() -> Result<> {
    switch (operation.step) {
      case Step::put_file:
      case Step::put_link:
        TRY(discard_temporary(*spot));  // of a crash: perhaps not whole
        return prepare_put(index, *spot);
      case Step::clear:
        TRY(resume_clear(index, *spot));
        if (operation.state != State::waiting || !operation.in_the_way || set_aside_.contains(index))
          return {};
        return prepare_clear(index, *spot);
      case Step::make_folder:
        return prepare_folder(index, *spot);
      case Step::clear_folder:
      case Step::set_mode:
        return {};
    }
    return {};
  };
  touched_.insert(std::string(parent_of(operation.path)));
  TRY_DURING(operation.path, prepare());
  return {};
}

Result<> Writer::prepare_put(std::size_t index, const Spot& spot) {
  Operation& operation = journal_.operations[index];
  if (operation.step == Step::put_link) return prepare_link(index, spot);
  const UniqueFd source = TRY(open_file(scene_.upper, operation.path));
  if (!operation.source->same(TRY(look_at(source))))
    return skip(index, "the session's own file changed after it was shown");
  operation.staged = TRY(stage_copy({source, spot.folder, spot.temporary, spot.name, scene_.workspace},
                                    operation, scene_.steps));
  return {};
}

Result<> Writer::prepare_link(std::size_t index, const Spot& spot) {
  Operation& operation = journal_.operations[index];
  TRY(scene_.steps.next("symlink"));
  if (::symlinkat(operation.target.c_str(), spot.folder.get(), spot.temporary.c_str()) != 0)
    return failed("make a link");
  const UniqueFd made = open_within(spot.folder, spot.temporary, O_PATH);
  if (!made) return failed("look at the link");
  const Node node = TRY(look_at(made));
  if (node.type != Type::symlink || node.links != 1 || TRY(read_link(made, "")) != operation.target)
    return skip_meddled(index, spot);
  TRY(give_to_owner(scene_.workspace, made));
  operation.staged = Mark::of(TRY(look_at(made)));
  return {};
}

// The place is needed before anything can be prepared in it.
Result<> Writer::prepare_clear(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  const auto here = TRY(look_in(spot.folder, spot.name));
  if (!here) return done(index);
  if (!operation.expected->same(*here)) return skip(index, kChanged);
  TRY(scene_.steps.next("rename"));
  TRY(rename_fresh(spot.folder, spot.name, spot.temporary));
  set_aside_.insert(index);
  return {};
}

Result<> Writer::prepare_folder(std::size_t index, const Spot& spot) {
  TRY(scene_.steps.next("mkdir"));
  if (::mkdirat(spot.folder.get(), spot.name.c_str(), journal_.operations[index].mode | kOwner) == 0) {
    made_.insert(index);
    const UniqueFd made = TRY(open_folder(spot.folder, spot.name));
    return give_to_owner(scene_.workspace, made);
  }
  if (errno != EEXIST) return failed("make a folder");
  const auto here = TRY(look_in(spot.folder, spot.name));
  if (!here || here->type != Type::folder) return skip(index, kAppeared);
  return {};  // as good as ours: nothing in it is replaced without being looked at
}

Result<> Writer::resume(std::size_t index) {
  if (journal_.operations[index].state != State::waiting) return {};
  return or_skip(index, try_resume(index));
}

Result<> Writer::try_resume(std::size_t index) {
  const Operation& operation = journal_.operations[index];
  const auto spot = TRY(spot_of(index));
  if (!spot) return {};
  touched_.insert(std::string(parent_of(operation.path)));
  if (puts(operation)) return resume_put(index, *spot);
  return operation.step == Step::clear ? resume_clear(index, *spot) : Result<>();
}

// The two may have changed places, and what came out may not have been looked at.
Result<> Writer::resume_put(std::size_t index, const Spot& spot) {
  Operation& operation = journal_.operations[index];
  const auto beside = TRY(look_in(spot.folder, spot.temporary));
  const auto here = TRY(look_in(spot.folder, spot.name));
  const bool waits = beside && operation.staged->same_but_renamed(*beside);
  const bool came_in = here && operation.staged->same_but_renamed(*here);
  if (waits && !came_in) {
    operation.staged = Mark::of(*beside);  // it may have been in and out
    return {};
  }
  if (!came_in) return skip_meddled(index, spot);
  const bool is_expected = beside && operation.expected && operation.expected->same_but_renamed(*beside);
  if (beside && !waits && !is_expected) {
    TRY(scene_.steps.next("rename"));
    if (exchange(spot.folder, spot.temporary, spot.name) != 0) return failed("put the host's file back");
    TRY(discard_temporary(spot));
    return skip(index, kChanged);
  }
  TRY(discard_temporary(spot));
  return done(index);
}

Result<> Writer::resume_clear(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  const auto beside = TRY(look_in(spot.folder, spot.temporary));
  const auto here = TRY(look_in(spot.folder, spot.name));
  if (beside && operation.expected->same_but_renamed(*beside)) {
    set_aside_.insert(index);
    return {};
  }
  if (beside) {
    TRY(scene_.steps.next("rename"));
    if (const auto back = rename_fresh(spot.folder, spot.temporary, spot.name); !back)
      return skip(index, "the host changed it meanwhile; its file stands beside it as " + spot.temporary);
    return skip(index, kChanged);
  }
  if (!here || (operation.in_the_way && here->type == Type::folder)) return done(index);
  return {};
}

Result<> Writer::commit(std::size_t index) {
  if (journal_.operations[index].state != State::waiting) return {};
  return or_skip(index, try_commit(index));
}

Result<> Writer::try_commit(std::size_t index) {
  const Operation& operation = journal_.operations[index];
  const auto spot = TRY(spot_of(index));
  if (!spot) return {};
  switch (operation.step) {
    case Step::put_file:
    case Step::put_link:
      return commit_put(index, *spot);
    case Step::clear:
      return commit_clear(index, *spot);
    case Step::clear_folder:
      TRY(scene_.steps.next("rmdir"));
      // No folder: it went before a crash, and what takes its place may stand there already.
      if (::unlinkat(spot->folder.get(), spot->name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ||
          errno == ENOTDIR)
        return done(index);
      if (errno == ENOTEMPTY || errno == EEXIST) return skip(index, "something in it stays");
      return failed("remove a folder");
    case Step::make_folder:
      touched_.insert(operation.path);
      return done(index);  // a closed one stays open until everything is in it
    case Step::set_mode:
      return commit_mode(index, *spot);
  }
  return {};
}

// What may pass stops the whole, which can be gone on with; else this operation alone is given up.
Result<> Writer::or_skip(std::size_t index, Result<> outcome) {
  if (outcome) return {};
  const std::string& path = journal_.operations[index].path;
  if (may_pass(outcome.error())) return std::unexpected(std::move(outcome).error().during(path));
  std::string reason = outcome.error().text();
  if (!take_back(index)) reason += "; look at " + journal_.temporary(index) + " beside it";
  return skip(index, std::move(reason));
}

Result<> Writer::commit_put(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  const auto beside = TRY(look_in(spot.folder, spot.temporary));
  if (!beside || !operation.staged->same(*beside)) return skip_meddled(index, spot);
  if (operation.expected) return swap(index, spot);
  TRY(scene_.steps.next("rename"));
  const auto renamed = rename_fresh(spot.folder, spot.temporary, spot.name);
  if (!renamed && renamed.error().errnum == EEXIST) {
    TRY(discard_temporary(spot));
    return skip(index, kAppeared);
  }
  if (!renamed) return renamed;
  const auto in = TRY(look_in(spot.folder, spot.name));
  if (in && operation.staged->same_but_renamed(*in)) return done(index);
  TRY(scene_.steps.next("rename"));
  if (in) TRY(rename_fresh(spot.folder, spot.name, spot.temporary));
  return skip_meddled(index, spot);
}

// The new one comes in and the old one goes out in one step; only then is it known what they were.
Result<> Writer::swap(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  const auto here = TRY(look_in(spot.folder, spot.name));
  if (!here || !operation.expected->same(*here)) {
    TRY(discard_temporary(spot));
    return skip(index, kChanged);
  }
  TRY(scene_.steps.next("rename"));
  if (exchange(spot.folder, spot.temporary, spot.name) != 0) {
    // Some network file systems cannot exchange: between the look above and this rename nothing is known.
    if (errno != EINVAL && errno != ENOSYS) return failed("rename");
    if (::renameat(spot.folder.get(), spot.temporary.c_str(), spot.folder.get(), spot.name.c_str()) != 0)
      return failed("rename");
    return done(index);
  }
  const auto out = TRY(look_in(spot.folder, spot.temporary));
  const auto in = TRY(look_in(spot.folder, spot.name));
  const bool is_ours = in && operation.staged->same_but_renamed(*in);
  if (is_ours && out && operation.expected->same_but_renamed(*out)) {
    TRY(discard_temporary(spot));
    return done(index);
  }
  TRY(scene_.steps.next("rename"));
  if (exchange(spot.folder, spot.temporary, spot.name) != 0) return failed("put the host's file back");
  if (!is_ours) return skip_meddled(index, spot);
  TRY(discard_temporary(spot));
  return skip(index, kChanged);
}

Result<> Writer::commit_clear(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  if (!operation.only_after.empty() && !written_.contains(operation.only_after)) {
    if (set_aside_.contains(index)) TRY(take_back(index));
    return skip(index, "what it was renamed to was not written");
  }
  if (!set_aside_.contains(index)) {
    TRY(prepare_clear(index, spot));
    if (operation.state != State::waiting) return {};
  }
  const auto out = TRY(look_in(spot.folder, spot.temporary));
  if (out && !operation.expected->same_but_renamed(*out)) {
    TRY(scene_.steps.next("rename"));
    TRY(rename_fresh(spot.folder, spot.temporary, spot.name));
    return skip(index, kChanged);
  }
  TRY(discard_temporary(spot));
  return done(index);
}

Result<> Writer::commit_mode(std::size_t index, const Spot& spot) {
  const Operation& operation = journal_.operations[index];
  const UniqueFd place(::openat(spot.folder.get(), spot.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place) return errno == ENOENT ? skip(index, kChanged) : failed("open");
  const Node here = TRY(look_at(place));
  // A folder that was just filled has another time, and one whose permissions were set before a crash has
  // them.
  const bool ours = operation.expected ? here.inode == operation.expected->inode : here.type == Type::folder;
  if (!ours || here.type == Type::symlink) return skip(index, kChanged);
  if ((here.mode & kPermissions) == operation.mode) return done(index);
  if (operation.expected && here.mode != operation.expected->mode) return skip(index, kChanged);
  // A folder's setgid and sticky bits are the person's arrangement.
  const std::uint32_t kept = here.type == Type::folder ? here.mode & ~kPermissions : 0;
  TRY(scene_.steps.next("chmod"));
  if (::chmod(descriptor_path(place.get()).c_str(), operation.mode | kept) != 0)
    return failed("set permissions");
  return done(index);
}

Result<> Writer::take_back(std::size_t index) {
  const Operation& operation = journal_.operations[index];
  const auto spot = TRY(spot_of(index));
  if (!spot) return {};
  const auto beside = TRY(look_in(spot->folder, spot->temporary));
  if (puts(operation)) {
    // The host's own file may stand there, where it could not be put back.
    if (beside && operation.staged && !operation.staged->same_but_renamed(*beside))
      return refuse("something else stands in its place");
    return discard_temporary(*spot);
  }
  if (operation.step == Step::clear) {
    if (!beside) return {};
    TRY(scene_.steps.next("rename"));
    return rename_fresh(spot->folder, spot->temporary, spot->name);
  }
  if (!made_.contains(index)) return {};
  TRY(scene_.steps.next("rmdir"));
  if (::unlinkat(spot->folder.get(), spot->name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOTEMPTY)
    return failed("remove the folder " + operation.path);
  return {};
}

Result<> Writer::discard_temporary(const Spot& spot) {
  TRY(scene_.steps.next("unlink"));
  if (::unlinkat(spot.folder.get(), spot.temporary.c_str(), 0) != 0 && errno != ENOENT)
    return failed("remove " + spot.temporary);
  return {};
}

Result<> Writer::close_folders() {
  for (std::size_t index = journal_.operations.size(); index-- > 0;) {
    const Operation& operation = journal_.operations[index];
    const bool closed = (operation.mode & kOwner) != kOwner;
    if (operation.step != Step::make_folder || operation.state != State::done || !closed) continue;
    const auto spot = TRY(spot_of(index));
    if (!spot) continue;
    TRY_DURING(operation.path, commit_mode(index, *spot));
  }
  return {};
}

Result<> Writer::sync() {
  if (!top_) return refuse("the workspace cannot be read", "give yourself the permission to list it");
  TRY(scene_.steps.next("syncfs"));
  if (::syncfs(top_.get()) != 0) return failed("write the workspace to disk");
  return {};
}

}  // namespace pawl::changes
