// One released gate, ordinary in every detail, for tests to start from and to damage.
#pragma once

#include <string>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/gate_document.hpp"
#include "supervisor/receipt/render.hpp"
#include "tests/support/sample_receipt.hpp"

namespace pawl::test {

inline receipt::GateDocument sample_gate() {
  receipt::GateDocument document;
  document.action = "deploy";
  document.subject = "git:" + std::string(20, '1') + std::string(20, 'e');
  document.argv = {"./deploy.sh", "production", "--note=two words"};
  document.inputs = {{"deploy.sh", receipt::sha256("#!/bin/sh\n"), 10},
                     {"k8s/web.yaml", receipt::sha256("replicas: 3\n"), 12}};
  return document;
}

// What dave asked for on his own, without a session.
inline receipt::Binding gate_binding(const receipt::GateDocument& document) {
  receipt::Binding binding = sample_binding(receipt::write_gate_document(document).value());
  binding.role = "pipeline";
  binding.session.clear();
  binding.agent.clear();
  binding.launcher = "dave";
  binding.rendered = receipt::sha256(receipt::render(document));
  return binding;
}

inline receipt::Statement gate_statement(const receipt::GateDocument& document, const std::string& person) {
  receipt::Statement statement = sample_statement(person);
  statement.binding = gate_binding(document);
  return statement;
}

}  // namespace pawl::test
