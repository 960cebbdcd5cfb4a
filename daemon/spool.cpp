#include "daemon/spool.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace unspool {

void SpoolReport::on_file(std::uint16_t source, const std::string& path, Timestamp first) {
  spdlog::debug("{}: reading", path);
  log_.sources().set(source, {.name = path}, first);
}

void SpoolReport::on_cut_file(const std::string& what) {
  spdlog::info("{}: its writer stopped there; all before it is kept", what);
}

void SpoolReport::on_bad_file(const std::string& path, const std::string& what, const std::string& moved_to) {
  spdlog::warn("{}; it is set aside{}", what, moved_to.empty() ? "" : " as " + moved_to);
  sink_->on_bad_capture({.time = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()),
                         .path = path,
                         .reason = what,
                         .moved_to = moved_to});
  sink_->flush();
}

void SpoolReport::on_trouble(const std::string& what) { spdlog::warn(what); }

std::string spool_state_path(const std::string& output) { return output + "/spool.state"; }

void add_spool_counts(Counts& counts, const SpoolSource& spool) {
  const auto behind = std::find_if(counts.rbegin(), counts.rend(), [](const auto& count) {
                        return count.first.starts_with("capture.");
                      }).base();
  counts.insert(behind, {{"capture.spool.read", spool.totals().read},
                         {"capture.spool.bad", spool.totals().bad},
                         {"capture.spool.waiting", spool.waiting()}});
}

}  // namespace unspool
