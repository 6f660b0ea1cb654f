// The shapes that names and paths must have before they are signed or shown. Pure; reads anybody's bytes.
#pragma once

#include <string_view>

#include "sandbox/base/error.hpp"

namespace pawl::receipt {

// [A-Za-z0-9._@-]{1,64}: names of people, groups, roles, actions, parameters, rules, audiences.
bool is_plain_name(std::string_view text);

// 64 lower-case hexadecimal digits.
bool is_full_id(std::string_view text);

// [A-Za-z_][A-Za-z0-9_]*
bool is_variable_name(std::string_view text);

// Absolute, no "." or ".." or empty segment, no trailing slash (but "/" itself), no NUL.
bool is_clean_path(std::string_view text);

// Valid UTF-8 without NUL.
bool is_text(std::string_view text);

}  // namespace pawl::receipt
