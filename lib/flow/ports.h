// Which of two ports is a service's.
#pragma once

#include <cstdint>
#include <optional>

namespace unspool {

/// 0 or 1: the one of the two that names a service, when just one does: a port below 1024, or one that well-known
/// servers use. Empty when both or neither do.
std::optional<unsigned> service_port(std::uint16_t port0, std::uint16_t port1);

}  // namespace unspool
