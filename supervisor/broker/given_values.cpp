#include "supervisor/broker/given_values.hpp"

#include "supervisor/receipt/json_fields.hpp"

namespace pawl::broker {
namespace {

struct Value {
  std::string name;
  std::string value;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("value", self.value);
  }
};

struct Values {
  std::vector<Value> parameters;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("parameters", self.parameters);
  }
};

}  // namespace

Result<std::string> write_parameters(const std::vector<policy::CheckedParameter>& parameters) {
  Values values;
  for (const policy::CheckedParameter& parameter : parameters)
    if (parameter.kind == policy::ParameterKind::text)
      values.parameters.push_back({parameter.name, parameter.value});
  return receipt::to_canonical(receipt::to_object(values));
}

Result<std::vector<policy::GivenParameter>> read_parameters(std::string_view text) {
  const Values values = TRY(receipt::from_canonical<Values>(text, "the parameters"));
  std::vector<policy::GivenParameter> given;
  for (const Value& value : values.parameters) given.push_back({value.name, value.value});
  return given;
}

}  // namespace pawl::broker
