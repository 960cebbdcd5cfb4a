#include "capture/file_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace unspool {

/// The name may belong to another file by now, so the one that is open is watched, by way of /proc. As it is open, its
/// deletion is not told: the number of its links is.
Result<FileWatch> FileWatch::on(const Fd& file) {
  FileWatch watch{file.get(), Fd{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)}};
  constexpr std::uint32_t kWanted = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_ATTRIB;
  const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  if (!watch.events_ || ::inotify_add_watch(watch.events_.get(), path.c_str(), kWanted) < 0) {
    const char* advice = errno == EMFILE || errno == ENOSPC ? "; see fs.inotify.* in sysctl(8)" : "";
    return fail(fmt::format("cannot be followed: {}{}", os_error(errno), advice));
  }
  return watch;
}

void FileWatch::look() {
  alignas(inotify_event) std::array<char, 4096> events;
  for (;;) {
    const ssize_t got = ::read(events_.get(), events.data(), events.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    inotify_event event{};
    for (std::size_t at = 0; at < static_cast<std::size_t>(got); at += sizeof event + event.len) {
      std::memcpy(&event, &events[at], sizeof event);
      if ((event.mask & IN_MODIFY) != 0) is_written_ = true;
      if ((event.mask & IN_CLOSE_WRITE) != 0) is_written_ = false;
      if ((event.mask & (IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) is_gone_ = true;
      struct stat status {};
      if ((event.mask & IN_ATTRIB) != 0 && ::fstat(file_, &status) == 0 && status.st_nlink == 0) is_gone_ = true;
    }
  }
}

}  // namespace unspool
