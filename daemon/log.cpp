#include "daemon/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace unspool {

void set_up_log(bool quiet, bool verbose) {
  auto logger = std::make_shared<spdlog::logger>("unspool", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("unspool: %^%l%$: %v");
  logger->set_level(quiet ? spdlog::level::err : verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace unspool
