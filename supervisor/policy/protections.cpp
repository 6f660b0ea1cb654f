#include "supervisor/policy/protections.hpp"

namespace pawl::policy {
namespace {

constexpr ProtectedPattern table[] = {
    // git: https://git-scm.com/docs/git-config (core.fsmonitor, core.hooksPath, filter.*), githooks(5),
    // gitattributes(5)
    {"**/.git/hooks", "git runs hooks"},
    {"**/.git/config", "git config names programs: core.fsmonitor, filters, ssh commands"},
    {"**/.git/config.worktree", "git config of one worktree"},
    {"**/.git/info", "attributes that choose filters"},
    {"**/.git/commondir", "where git finds the config that it obeys"},
    {"**/.git/modules/**/hooks", "hooks of submodules"},
    {"**/.git/modules/**/config", "config of submodules"},
    {"**/.git/modules/**/config.worktree", "config of submodules' worktrees"},
    {"**/.git/modules/**/commondir", "where a submodule's git finds the config that it obeys"},
    {"**/.git/modules/**/info", "attributes of submodules"},
    {"**/.git/worktrees/*/config.worktree", "config of worktrees"},
    {"**/.git/worktrees/*/commondir", "where a worktree finds its config"},
    {"**/.git/worktrees/*/gitdir", "where a worktree is found"},
    {".gitmodules", "git fetches and updates what it names"},
    {".gitattributes", "chooses the filters and drivers that git runs"},
    {".githooks", "a usual core.hooksPath"},
    {".husky", "a usual core.hooksPath"},
    {".pre-commit-config.yaml", "pre-commit runs what it names"},
    {"**/.hg/hgrc", "mercurial runs the hooks and extensions that it names"},
    {"lefthook.yml", "lefthook runs what it names"},
    {".lefthook.yml", "lefthook runs what it names"},
    // shells and tool managers that act on entering a directory
    {".envrc", "direnv runs it"},
    {".direnv", "direnv loads it"},
    {".mise.toml", "mise runs what it names"},
    {"mise.toml", "mise runs what it names"},
    {"mise.local.toml", "mise runs what it names"},
    {"**/.config/mise.toml", "mise runs what it names"},
    // package managers: settings that name programs, registries or code to load
    {"**/.cargo/config.toml", "cargo runs the wrappers, linkers and runners that it names"},
    {"**/.cargo/config", "cargo runs the wrappers, linkers and runners that it names"},
    {".yarnrc.yml", "yarn loads the release and the plugins that it names"},
    {".yarnrc", "yarn runs the program that it names"},
    {".npmrc", "npm runs the shell and the git that it names"},
    {".pnpmfile.cjs", "pnpm evaluates it"},
    {".mvn", "maven loads the extensions and options that it names"},
    // editors
    {".vscode", "tasks and settings run programs"},
    {"*.code-workspace", "tasks and settings run programs"},
    {".idea", "run configurations"},
    {".zed", "tasks and settings run programs"},
    {".fleet", "run configurations"},
    {".devcontainer", "builds and runs containers"},
    {".devcontainer.json", "builds and runs containers"},
    {".exrc", "vim runs it"},
    {".vimrc", "vim runs it"},
    {".lvimrc", "a vim plugin runs it"},
    {".nvim.lua", "neovim runs it"},
    {".nvimrc", "neovim runs it"},
    {".dir-locals.el", "emacs evaluates it"},
    {".dir-locals-2.el", "emacs evaluates it"},
    // agents: their settings grant permissions and run hooks and servers
    {".claude", "agent settings: permissions, hooks"},
    {".codex", "agent settings: permissions, hooks"},
    {".gemini", "agent settings: permissions, servers"},
    {".cursor", "agent settings: rules, servers"},
    {".roo", "agent settings: rules, servers"},
    {".kiro", "agent settings: hooks, servers"},
    {".windsurf", "agent settings"},
    {".continue", "agent settings"},
    {".opencode", "agent settings: plugins"},
    {"opencode.json", "agent settings: servers"},
    {"opencode.jsonc", "agent settings: servers"},
    {".aider.conf.yml", "agent settings: commands"},
    {".mcp.json", "servers that an agent starts"},
    // pipelines
    {"**/.github/workflows", "runs in CI"},
    {"**/.github/actions", "runs in CI"},
    {"**/.gitea/workflows", "runs in CI"},
    {"**/.forgejo/workflows", "runs in CI"},
    {".gitlab-ci.yml", "runs in CI"},
    {".circleci", "runs in CI"},
    {".buildkite", "runs in CI"},
    {".tekton", "runs in CI"},
    {".cirrus.yml", "runs in CI"},
    {"appveyor.yml", "runs in CI"},
    {".woodpecker", "runs in CI"},
    {".woodpecker.yml", "runs in CI"},
    {".drone.yml", "runs in CI"},
    {".travis.yml", "runs in CI"},
    {"Jenkinsfile", "runs in CI"},
    {"azure-pipelines.yml", "runs in CI"},
    {"bitbucket-pipelines.yml", "runs in CI"},
};

}  // namespace

std::span<const ProtectedPattern> protected_patterns() { return table; }

}  // namespace pawl::policy
