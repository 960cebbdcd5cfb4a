#include "placing.h"

#include <algorithm>

namespace unspool::test {

bool Placing::add(std::uint64_t offset, std::string_view given, std::uint32_t at, std::string_view whole) {
  const auto base_of = [&](std::size_t found) {
    return at + static_cast<std::uint32_t>(found) - static_cast<std::uint32_t>(offset);
  };
  if (bases_) {
    std::erase_if(*bases_, [&](std::uint32_t base) {
      const std::uint32_t found = base - base_of(0);
      return found > whole.size() || whole.substr(found, given.size()) != given;
    });
    return !bases_->empty();
  }
  bases_.emplace();
  for (std::size_t found = whole.find(given); found != whole.npos; found = whole.find(given, found + 1)) {
    bases_->push_back(base_of(found));
  }
  return !bases_->empty();
}

std::optional<std::uint32_t> Placing::base() const {
  if (!bases_ || bases_->empty()) return std::nullopt;
  return bases_->front();
}

}  // namespace unspool::test
