// The commands of a remedy, as the distribution has them: kernel parameters, sysctls, modules, newer kernels.
// Pure: from the evidence. Runs where host_remedies.hpp does.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "sandbox/host_evidence.hpp"

namespace pawl::sandbox {

// "6.1.0-25-amd64" against the version that brings a layer.
bool older(const std::string& release, unsigned than_major, unsigned than_minor);

// Whether OpenRC starts the services.
bool has_openrc(const HostEvidence& host);

// Now and after every boot.
std::string set_sysctl(const HostEvidence& host, const std::string& setting);

// On the kernel's command line for good, with the boot loader's own means, and the reboot.
std::string boot_with(const HostEvidence& host, const std::string& parameter);

// Of the kernel that runs, now and after every boot.
std::string load_modules(const HostEvidence& host, std::initializer_list<std::string_view> names);

// "use Linux 5.11 or later: COMMAND". `built` is appended to the version; may be empty.
std::string newer_kernel(const HostEvidence& host, const std::string& version, const std::string& built);

}  // namespace pawl::sandbox
