// The bodies of the ledger's entries about requests. Written by the broker, read back at every start and by
// `log verify`, which trusts nothing in them. Internal to approval/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/approval/request.hpp"
#include "supervisor/approval/rule.hpp"
#include "supervisor/receipt/bundle.hpp"

namespace pawl::approval {

struct RequestRecord {
  receipt::Binding binding;
  std::string action;
  Rule rule;
  std::string why;
  std::optional<Digest> parameters;
  std::string rolls_back, replaces;
  receipt::DocumentKind kind = receipt::DocumentKind::exec;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.binding.request);
    archive("audience", self.binding.audience);
    archive("document", self.binding.document);
    archive("role", self.binding.role);
    archive("session", self.binding.session);
    archive("agent", self.binding.agent);
    archive("launcher", self.binding.launcher);
    archive("policy", self.binding.policy);
    archive("preview", self.binding.preview);
    archive("rendered", self.binding.rendered);
    archive("renderer", self.binding.renderer);
    archive("issued", self.binding.issued);
    archive("expires", self.binding.expires);
    archive("action", self.action);
    archive("rule", self.rule);
    archive("why", self.why);
    archive.when_there("parameters", self.parameters);
    archive.when_there("rolls_back", self.rolls_back);
    archive.when_there("replaces", self.replaces);
    archive("kind", self.kind);
  }
};

struct DecisionRecord {
  std::string request;
  receipt::SignedDecision decision;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("decision", self.decision);
  }
};

// receipt::verify_bundle() reads request, audience and document out of it.
struct ConsumeRecord {
  std::string request;
  std::string audience;
  Digest document{};
  std::vector<std::string> persons;  // whose approvals were spent
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("audience", self.audience);
    archive("document", self.document);
    archive("persons", self.persons);
  }
};

// exec_start and expire say no more than which request they are about.
struct BareRecord {
  std::string request;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
  }
};

struct OutcomeRecord {
  std::string request;
  Outcome outcome;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("outcome", self.outcome);
  }
};

struct RevokeRecord {
  std::string request;
  Withdrawal why = Withdrawal::revoked;
  std::string by;
  std::string reason;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("why", self.why);
    archive("by", self.by);
    archive("reason", self.reason);
  }
};

// A notify entry that says who may decide from now on, besides those who could before. Of notices that a
// request waits nothing is read back.
struct EscalationRecord {
  std::string request;
  std::int64_t after = 0;       // seconds: the step of its rule
  std::vector<std::string> to;  // its groups
  std::string command;          // who was started to tell them; empty: nobody is
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("request", self.request);
    archive("after", self.after);
    archive("to", self.to);
    archive("command", self.command);
  }
};

}  // namespace pawl::approval
