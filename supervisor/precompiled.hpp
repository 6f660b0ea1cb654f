// What nearly every source of the upper layers includes, compiled once for each library: it saves a quarter
// of the build's time. No source relies on it: each includes what it uses.

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
