#include "events/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "events/event_writer.h"

namespace unspool {

Result<std::unique_ptr<EventLog>> EventLog::open(Fd file, std::string path, const EventSettings& settings,
                                                 std::vector<SourceName> sources) {
  std::unique_ptr<EventLog> log{new EventLog(std::move(file), std::move(path), settings, std::move(sources))};
  if (auto repaired = log->repair(); !repaired) return tl::unexpected(repaired.error());
  return log;
}

/// Cuts the file behind its last line feed, and appends from then on.
Result<void> EventLog::repair() {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0)
    return fail(fmt::format("{}: cannot be looked at: {}", path_, os_error(errno)));
  const off_t size = status.st_size;
  off_t keep = size;
  std::array<char, 4096> piece;
  for (bool found = false; keep > 0 && !found;) {
    const off_t from = std::max<off_t>(keep - static_cast<off_t>(piece.size()), 0);
    const ssize_t got = ::pread(file_.get(), piece.data(), static_cast<std::size_t>(keep - from), from);
    if (got <= 0) return fail(fmt::format("{}: cannot be read: {}", path_, os_error(errno)));
    const void* feed = ::memrchr(piece.data(), '\n', static_cast<std::size_t>(got));
    found = feed != nullptr;
    keep = found ? from + (static_cast<const char*>(feed) - piece.data()) + 1 : from;
  }
  repaired_ = static_cast<std::uint64_t>(size - keep);
  if (repaired_ > 0 && ::ftruncate(file_.get(), keep) != 0) {
    return fail(fmt::format("{}: its cut last line cannot be removed: {}", path_, os_error(errno)));
  }
  const int flags = ::fcntl(file_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(file_.get(), F_SETFL, flags | O_APPEND) != 0) {
    return fail(fmt::format("{}: cannot be appended to: {}", path_, os_error(errno)));
  }
  return {};
}

std::unique_ptr<EventSink> EventLog::sink() { return std::make_unique<EventWriter>(*this); }

/// Whole lines in one write with O_APPEND: those of several shards never mix.
void EventLog::write(std::string_view lines) {
  if (errno_.load(std::memory_order_relaxed) != 0) return;
  if (const int error = write_all(file_.get(), as_bytes(lines)); error != 0) {
    int none = 0;
    errno_.compare_exchange_strong(none, error);
  }
}

std::optional<Error> EventLog::failed() const {
  const int error = errno_.load();
  if (error == 0) return std::nullopt;
  const char* advice = error == ENOSPC || error == EDQUOT ? "; make room there, or choose another place with -o" : "";
  return Error{fmt::format("{}: events can no longer be written: {}{}", path_, os_error(error), advice)};
}

bool EventLog::wants(std::string_view type) const {
  return std::find(types_.begin(), types_.end(), type) != types_.end();
}

}  // namespace unspool
