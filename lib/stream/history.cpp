#include "stream/history.h"

#include <algorithm>

namespace unspool {

void History::add(std::uint64_t offset, Bytes bytes) {
  if (limit_ == 0 || bytes.empty()) return;
  if (bytes.size() > limit_) {
    offset += bytes.size() - limit_;
    bytes = bytes.last(limit_);
  }
  if (runs_.empty() || runs_.back().end != offset) {
    if (runs_.size() == kRuns) runs_.erase(runs_.begin());
    runs_.push_back({.begin = offset, .end = offset});
  }
  const std::uint64_t to_edge = std::min<std::uint64_t>(bytes.size(), limit_ - offset % limit_);
  write(offset, bytes.first(to_edge));
  write(offset + to_edge, bytes.subspan(to_edge));

  const std::uint64_t end = offset + bytes.size();
  runs_.back().end = end;
  if (end > limit_) forget_before(end - limit_);
}

void History::write(std::uint64_t offset, Bytes bytes) {
  const std::uint64_t at = offset % limit_;
  const std::uint64_t needed = at + bytes.size();
  if (needed > ring_.capacity())
    ring_.reserve(std::min<std::uint64_t>(limit_, std::max<std::uint64_t>(needed, 2 * ring_.capacity())));
  if (needed > ring_.size()) ring_.resize(needed);
  std::copy(bytes.begin(), bytes.end(), ring_.begin() + static_cast<std::ptrdiff_t>(at));
}

void History::forget_before(std::uint64_t offset) {
  const auto kept = std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.end > offset; });
  runs_.erase(runs_.begin(), kept);
  if (!runs_.empty()) runs_.front().begin = std::max(runs_.front().begin, offset);
}

Bytes History::stored(std::uint64_t offset, std::uint64_t length) const {
  const std::uint64_t at = offset % limit_;
  return Bytes{ring_}.subspan(at, std::min(length, limit_ - at));
}

std::optional<History::Difference> History::compare(std::uint64_t offset, Bytes bytes) const {
  for (const Run& run : runs_) {
    const std::uint64_t end = std::min(run.end, offset + bytes.size());
    for (std::uint64_t at = std::max(run.begin, offset); at < end;) {
      const Bytes first = stored(at, end - at);
      const Bytes second = bytes.subspan(at - offset, first.size());
      const auto same =
          static_cast<std::size_t>(std::mismatch(first.begin(), first.end(), second.begin()).first - first.begin());
      if (same < first.size()) {
        return Difference{.offset = at + same, .first = first.subspan(same), .second = second.subspan(same)};
      }
      at += first.size();
    }
  }
  return std::nullopt;
}

}  // namespace unspool
