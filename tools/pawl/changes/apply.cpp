#include "tools/pawl/changes/apply.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "sandbox/base/bytes.hpp"
#include "sandbox/file_identity.hpp"
#include "tools/pawl/changes/layer.hpp"
#include "tools/pawl/changes/touched.hpp"

namespace pawl::changes {
namespace {

using Step = Operation::Step;
using sandbox::FileIdentity;
using sandbox::identity_of;
using State = Operation::State;

// New folders get the permissions that the person saw, not less.
class OpenUmask {
 public:
  OpenUmask() : before_(::umask(0)) {}
  ~OpenUmask() { ::umask(before_); }
  OpenUmask(const OpenUmask&) = delete;
  OpenUmask& operator=(const OpenUmask&) = delete;

 private:
  mode_t before_;
};

Applied report(const Journal& journal, const Writer& writer) {
  Applied applied;
  for (std::size_t i = 0; i < journal.operations.size(); ++i) {
    const Operation& operation = journal.operations[i];
    if (operation.state == State::done) ++applied.done;
    if (operation.state != State::skipped) continue;
    const auto reason = writer.skipped().find(i);
    applied.skipped.push_back(
        {operation.path, reason == writer.skipped().end() ? "it was skipped" : reason->second});
  }
  return applied;
}

// What stands in the workspace now needs no place in the session's changes.
Result<> settle_operation(const Layer& layer, const Operation& operation) {
  switch (operation.step) {
    case Step::put_file:
    case Step::put_link:
      TRY(layer.spell_out(operation.path));
      return layer.drop(operation.path);
    case Step::set_mode:
      if (operation.expected && operation.expected->type == Type::folder) return {};
      TRY(layer.spell_out(operation.path));
      return layer.drop(operation.path);
    case Step::clear:
    case Step::clear_folder:
      return layer.drop_whiteout(operation.path);
    case Step::make_folder:
      // From now on the workspace has it too, and an opaque one would hide what is there.
      return layer.spell_out(operation.path + "/");
  }
  return {};
}

Result<> settle(const Scene& scene, const Journal& journal) {
  const Layer layer(scene.session, scene.upper, scene.workspace, scene.steps);
  std::set<std::string> folders;
  for (const Operation& operation : journal.operations) {
    if (operation.state != State::done) continue;
    TRY_DURING(operation.path, settle_operation(layer, operation));
    for (std::string folder = operation.path; !folder.empty(); folder = std::string(parent_of(folder)))
      if (!folders.insert(folder).second) break;
  }
  std::vector<std::string> deepest_first(folders.begin(), folders.end());
  std::ranges::sort(deepest_first, sorts_before);
  for (const std::string& folder : deepest_first | std::views::reverse)
    TRY_DURING(folder, layer.prune(folder));
  return remove_journal(scene.session, scene.steps);
}

// The session's changes are compared with these folders again.
Result<> note_touched(const Scene& scene, const Writer& writer) {
  Touched touched = Touched::load(scene.session);
  touched.note(scene.workspace, writer.touched());
  TRY(scene.steps.next("rename"));
  return touched.store(scene.session);
}

// From "everything is prepared" to the end.
Result<Applied> finish(const Scene& scene, Journal& journal, Writer& writer) {
  for (std::size_t i = 0; i < journal.operations.size(); ++i) TRY(writer.commit(i));
  TRY(writer.close_folders());
  TRY(writer.sync());
  TRY(note_touched(scene, writer));
  journal.phase = Journal::Phase::settling;
  TRY(store_journal(scene.session, journal, scene.steps));
  Applied applied = report(journal, writer);
  TRY(settle(scene, journal));
  return applied;
}

// As if nothing had been asked for.
Result<> take_all_back(const Scene& scene, const Journal& journal, Writer& writer) {
  for (std::size_t i = journal.operations.size(); i-- > 0;)
    TRY_DURING(journal.operations[i].path, writer.take_back(i));
  TRY(note_touched(scene, writer));
  return remove_journal(scene.session, scene.steps);
}

// From the beginning, or again after a crash on the way.
Result<Applied> prepare_and_commit(const Scene& scene, Journal& journal, Writer& writer) {
  for (std::size_t i = 0; i < journal.operations.size(); ++i) {
    auto prepared = writer.prepare(i);
    if (prepared) continue;
    if (const auto back = take_all_back(scene, journal, writer); !back)
      return std::unexpected(
          Error(prepared.error()).advising("make room, and run pawl apply again: it goes on"));
    return std::unexpected(std::move(prepared).error().during("nothing was applied"));
  }
  TRY(writer.sync());
  journal.phase = Journal::Phase::committing;
  TRY(store_journal(scene.session, journal, scene.steps));
  return finish(scene, journal, writer);
}

}  // namespace

Result<Applied> apply(const Scene& scene, std::vector<Operation> operations) {
  const OpenUmask umask;
  const FileIdentity workspace = TRY(identity_of(scene.workspace.get()));
  Journal journal{.nonce = random_id().substr(0, 16),
                  .device = workspace.device,
                  .inode = workspace.inode,
                  .operations = std::move(operations)};
  TRY(store_journal(scene.session, journal, scene.steps));
  Writer writer(scene, journal);
  return prepare_and_commit(scene, journal, writer);
}

Result<std::optional<Applied>> resume_apply(const Scene& scene) {
  auto loaded = TRY(load_journal(scene.session));
  if (!loaded) return std::nullopt;
  Journal& journal = *loaded;
  if (TRY(identity_of(scene.workspace.get())) != FileIdentity{journal.device, journal.inode})
    return refuse("it was writing into another folder than this one", "name that one: --workspace DIR");
  const OpenUmask umask;
  Writer writer(scene, journal);
  switch (journal.phase) {
    case Journal::Phase::preparing:
      return TRY(prepare_and_commit(scene, journal, writer));
    case Journal::Phase::committing:
      for (std::size_t i = 0; i < journal.operations.size(); ++i) TRY(writer.resume(i));
      return TRY(finish(scene, journal, writer));
    case Journal::Phase::settling:
      break;
  }
  Applied applied = report(journal, writer);
  TRY(settle(scene, journal));
  return applied;
}

}  // namespace pawl::changes
