// A workspace and a handmade upper layer over it, as overlayfs leaves one (tests/e2e/changes_test.py lets the
// kernel make real ones).
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/temporary_directory.hpp"
#include "tools/pawl/changes/apply.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/record.hpp"
#include "tools/pawl/changes/scan.hpp"
#include "tools/pawl/changes/selection.hpp"

namespace pawl::test {

// Path → "file 644 content", "link target", "folder 755": all there is.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const std::string& top);

void put(const std::string& path, std::string_view text,
         unsigned mode = 0644);  // with the folders on the way

class Layers {
 public:
  Layers();

  std::string session() const { return directory_ / "session"; }
  std::string workspace(std::string_view path = "") const { return at("workspace", path); }
  std::string upper(std::string_view path = "") const { return at("session/upper", path); }

  void host(std::string_view path, std::string_view text, unsigned mode = 0644) const;
  void agent(std::string_view path, std::string_view text, unsigned mode = 0644) const;
  void agent_folder(std::string_view path, unsigned mode = 0755) const;
  void agent_link(std::string_view path, std::string_view target) const;
  void agent_removes(std::string_view path) const;  // a whiteout
  void agent_hides(std::string_view path) const;    // an opaque folder
  void copied_up(std::string_view path) const;      // the mark of what came from the workspace
  // From here on what the host does is "meanwhile".
  void begin();

  changes::Record record;
  changes::ChangeSet scan(const changes::ScanLimits& limits = {}) const;
  changes::Scene scene(changes::Steps& steps = changes::real_steps()) const;
  // Everything, or what the choice says.
  Result<changes::Applied> apply(const changes::Choice& choice = {}) const;

 private:
  std::string at(std::string_view folder, std::string_view path) const;

  TemporaryDirectory directory_;
  UniqueFd session_;
  UniqueFd upper_;
  UniqueFd workspace_;
  std::int64_t since_ = 0;
};

// The operations that apply all that may be applied without a word of its own.
std::vector<changes::Operation> everything(const Layers& layers);

// "added src/x", "renamed a => b", "deleted d [folder]": one line each.
std::string lines_of(const changes::ChangeSet& set);
const changes::Change& change_of(const changes::ChangeSet& set, std::string_view path);

}  // namespace pawl::test

template <>
struct Catch::StringMaker<pawl::test::Tree> {
  static std::string convert(const pawl::test::Tree& tree) {
    std::string text = "\n";
    for (const auto& [path, what] : tree) text += "  " + path + ": " + what + "\n";
    return text;
  }
};
