#include "tools/pawl-agent/actions_report.hpp"

#include <boost/json/object.hpp>

namespace pawl::agent {

std::string describe(const wire::AgentWelcome& welcome) {
  if (welcome.actions.empty()) return "role " + welcome.role + " has nothing to ask for\n";
  std::string text;
  for (const wire::ActionInfo& action : welcome.actions) {
    text += action.name + ": " + action.description + "\n";
    for (const wire::ParameterInfo& parameter : action.parameters) {
      text += "  " + parameter.name + "=";
      text += parameter.file ? "PATH of a file of at most " + std::to_string(parameter.max) + " bytes\n"
                             : "value that matches " + parameter.match + "\n";
    }
    text += "  approval: " + action.approval + "\n";
    text += "  may run for " + std::to_string(action.timeout) + " s\n";
    if (action.preview_timeout != 0)
      text += "  previewed first, within " + std::to_string(action.preview_timeout) +
              " s: asking takes as long, and a preview that fails is a refusal\n";
  }
  return text;
}

boost::json::array actions_json(const wire::AgentWelcome& welcome) {
  boost::json::array list;
  for (const wire::ActionInfo& action : welcome.actions) {
    boost::json::array parameters;
    for (const wire::ParameterInfo& parameter : action.parameters) {
      boost::json::object object{{"name", parameter.name}, {"file", parameter.file}};
      if (parameter.file)
        object["max"] = parameter.max;
      else
        object["match"] = parameter.match;
      parameters.push_back(std::move(object));
    }
    list.push_back({{"name", action.name},
                    {"description", action.description},
                    {"parameters", std::move(parameters)},
                    {"approval", action.approval},
                    {"timeout", action.timeout},
                    {"preview_timeout", action.preview_timeout}});
  }
  return list;
}

}  // namespace pawl::agent
