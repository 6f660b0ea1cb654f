// Devices of the host, found or made. Nothing is read from them and nothing written.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

template <const char* const& Path>
int opened(const Plants&) {
  const int error = opens(Path, O_RDWR);
  return !confined && (error == ENOENT || error == ENXIO || error == ENODEV || error == EBUSY || error == EIO)
             ? kAbsent
             : error;
}

// Made where the session may write, then opened.
int made(mode_t kind, unsigned major_number, unsigned minor_number) {
  const char* const path = confined ? "/tmp/pawl-escape-device" : "/opt/pawl-escape-device";
  (void)::unlink(path);
  if (::mknod(path, kind | 0600, makedev(major_number, minor_number)) != 0) return errno;
  const int error = opens(path, O_RDONLY);
  (void)::unlink(path);
  return error;
}
int make_zero(const Plants&) { return made(S_IFCHR, 1, 5); }
int make_kernel_log(const Plants&) { return made(S_IFCHR, 1, 11); }
int make_loop(const Plants&) { return made(S_IFBLK, 7, 0); }
int terminal_of_host(const Plants& plants) { return opens(plants["terminal"], O_RDWR); }
int planted_device(const Plants& plants) { return opens(plants["workspace"] + "/zero", O_RDONLY); }

#define PLACE(name, path) constexpr const char* name = path
PLACE(kMem, "/dev/mem");
PLACE(kPort, "/dev/port");
PLACE(kKmsg, "/dev/kmsg");
PLACE(kKvm, "/dev/kvm");
PLACE(kFuse, "/dev/fuse");
PLACE(kTun, "/dev/net/tun");
PLACE(kLoopControl, "/dev/loop-control");
PLACE(kLoop, "/dev/loop7");
PLACE(kDisk, "/dev/vda");
PLACE(kSecondDisk, "/dev/sda");
PLACE(kConsole, "/dev/console");
PLACE(kVirtual, "/dev/tty0");
PLACE(kSecondVirtual, "/dev/tty1");
PLACE(kSerial, "/dev/ttyS0");
PLACE(kScreen, "/dev/vcs1");
PLACE(kInput, "/dev/uinput");
PLACE(kFault, "/dev/userfaultfd");
PLACE(kVsock, "/dev/vsock");
PLACE(kMapper, "/dev/mapper/control");
PLACE(kBtrfs, "/dev/btrfs-control");
PLACE(kAutofs, "/dev/autofs");
PLACE(kMsr, "/dev/cpu/0/msr");
PLACE(kLatency, "/dev/cpu_dma_latency");
PLACE(kGraphics, "/dev/dri/card0");
PLACE(kFirmware, "/dev/vga_arbiter");
PLACE(kCompressed, "/dev/zram0");
PLACE(kVhost, "/dev/vhost-net");
PLACE(kWatchdog, "/dev/snapshot");
#undef PLACE

constexpr Attempt kAttempts[] = {
    {"memory", Needs::root, opened<kMem>},
    {"ports", Needs::root, opened<kPort>},
    {"kernel-log", Needs::root, opened<kKmsg>},
    {"kvm", Needs::root, opened<kKvm>},
    {"fuse", Needs::root, opened<kFuse>},
    {"tun", Needs::root, opened<kTun>},
    {"loop-control", Needs::root, opened<kLoopControl>},
    {"loop", Needs::root, opened<kLoop>},
    {"first-disk", Needs::root, opened<kDisk>},
    {"second-disk", Needs::root, opened<kSecondDisk>},
    {"console", Needs::root, opened<kConsole>},
    {"virtual-console", Needs::root, opened<kVirtual>},
    {"first-virtual-console", Needs::root, opened<kSecondVirtual>},
    {"serial", Needs::root, opened<kSerial>},
    {"screen-memory", Needs::root, opened<kScreen>},
    {"input", Needs::root, opened<kInput>},
    {"userfaultfd", Needs::root, opened<kFault>},
    {"vsock", Needs::root, opened<kVsock>},
    {"device-mapper", Needs::root, opened<kMapper>},
    {"btrfs", Needs::root, opened<kBtrfs>},
    {"autofs", Needs::root, opened<kAutofs>},
    {"model-registers", Needs::root, opened<kMsr>},
    {"latency", Needs::root, opened<kLatency>},
    {"graphics", Needs::root, opened<kGraphics>},
    {"vga-arbiter", Needs::root, opened<kFirmware>},
    {"compressed-memory", Needs::root, opened<kCompressed>},
    {"vhost-net", Needs::root, opened<kVhost>},
    {"snapshot", Needs::root, opened<kWatchdog>},
    {"make-a-harmless-device", Needs::root, make_zero},
    {"make-the-kernel-log", Needs::root, make_kernel_log},
    {"make-a-disk", Needs::root, make_loop},
    {"device-in-the-workspace", Needs::user, planted_device},
    {"terminal-of-the-host", Needs::user, terminal_of_host},
};

}  // namespace

std::span<const Attempt> devices() { return kAttempts; }

}  // namespace pawl::escape
