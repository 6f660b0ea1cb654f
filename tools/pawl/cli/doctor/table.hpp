// How the rows are shown. Pure; causes and remedies quote the host and are made visible here.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tools/pawl/cli/doctor/finding.hpp"

namespace pawl::cli {

inline constexpr std::size_t kTableWidth = 100;  // columns

// Worst first. One line a row; what does not work has its cause and remedy below it. A cause or
// remedy that several rows share is written once.
std::string doctor_table(const std::vector<Row>& rows);
// The last line: what it comes to.
std::string doctor_summary(const std::vector<Row>& rows);
boost::json::array doctor_json(const std::vector<Row>& rows);
// No layer that is required is missing.
bool all_honoured(const std::vector<Row>& rows);

}  // namespace pawl::cli
