#include "base/error.h"

#include <fmt/format.h>

#include <system_error>

namespace unspool {

std::string os_error(int number) {
  return fmt::format("{} (os error {})", std::generic_category().message(number), number);
}

}  // namespace unspool
