#include "daemon/progress_line.h"

#include <fmt/format.h>

#include "daemon/summary.h"

namespace unspool {
namespace {

std::string bytes_text(double bytes) {
  constexpr const char* kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit < 4; ++unit) bytes /= 1000;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string time_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string progress_line(const Source::Progress& progress, const SoFar& so_far,
                          std::chrono::duration<double> elapsed) {
  std::string text;
  const auto done = static_cast<double>(progress.bytes), all = static_cast<double>(progress.of);
  const double rate = elapsed.count() > 0 ? done / elapsed.count() : 0;
  if (progress.of > 0) text += fmt::format("{:.0f}%  {} of {}  ", 100 * done / all, bytes_text(done), bytes_text(all));
  if (rate > 0) text += bytes_text(rate) + "/s  ";
  if (rate > 0 && progress.of > 0 && elapsed.count() > 1) text += time_text((all - done) / rate) + " left  ";
  text += fmt::format("{} sessions  {} transfers", grouped(so_far.sessions), grouped(so_far.transfers));
  if (so_far.gaps > 0) text += fmt::format("  {} gaps", grouped(so_far.gaps));
  return text;
}

}  // namespace unspool
