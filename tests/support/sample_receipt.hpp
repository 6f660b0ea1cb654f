// One complete, ordinary receipt for tests to start from and to damage.
#pragma once

#include <string>

#include "supervisor/receipt/action_document.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/statement.hpp"

namespace pawl::test {

inline receipt::ActionDocument sample_document() {
  receipt::ActionDocument document;
  document.action = "deploy";
  document.executable = {"/usr/local/bin/deployctl", receipt::sha256("the program"), 18344};
  document.argv = {"deployctl",
                   "rollout",
                   "web",
                   "--image",
                   "registry.example.com/web@sha256:" + std::string(64, 'a'),
                   "--manifest",
                   "/run/pawl/inputs/manifest/web.yaml"};
  document.directory = "/work";
  document.inputs = {
      {"manifest", "web.yaml", receipt::sha256("replicas: 3\n"), 12, "/run/pawl/inputs/manifest/web.yaml"}};
  document.environment = {
      {"HOME", "/home/action"}, {"LANG", "C.UTF-8"}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  document.secrets = {{"DEPLOY_TOKEN", "deploy-prod", "v1-3f2a90"}};
  document.read = {"/opt/deploy/profiles"};
  document.hosts = {"deploy.example.com:443"};
  document.timeout = 600;
  return document;
}

inline constexpr std::int64_t kSampleIssued = 1'780'000'000;  // Unix seconds

inline receipt::Binding sample_binding(const std::string& document) {
  receipt::Binding binding;
  binding.request = std::string(32, '1') + std::string(32, 'c');
  binding.audience = "prod-broker";
  binding.document = receipt::sha256(document);
  binding.role = "deployer";
  binding.session = std::string(32, '2') + std::string(32, 'd');
  binding.agent = "session:" + binding.session;
  binding.launcher = "carol";
  binding.policy = receipt::sha256("policy");
  binding.rendered = receipt::sha256(receipt::render(sample_document()));
  binding.renderer = receipt::kRendererVersion;
  binding.issued = kSampleIssued;
  binding.expires = kSampleIssued + 900;
  return binding;
}

inline receipt::Statement sample_statement(const std::string& person = "alice") {
  receipt::Statement statement;
  statement.binding = sample_binding(receipt::write_document(sample_document()).value());
  statement.verdict = receipt::Verdict::approve;
  statement.person = person;
  statement.group = "@sre";
  statement.reason = "rollout as planned";
  statement.time = kSampleIssued + 60;
  return statement;
}

}  // namespace pawl::test
