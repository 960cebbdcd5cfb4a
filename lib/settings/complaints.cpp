#include "settings/complaints.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool {

void Complaints::add(std::size_t offset, std::string path, std::string what) {
  if (offset < end_) complaints_.push_back({offset, std::move(path), std::move(what)});
}

std::vector<Error> Complaints::told() const {
  std::vector<const Complaint*> sorted;
  for (const Complaint& complaint : complaints_) sorted.push_back(&complaint);
  std::stable_sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
  const std::size_t most = std::min(sorted.size(), kMostTold);
  std::vector<Error> errors;
  for (std::size_t i = 0; i < most; ++i) {
    const auto& [offset, path, what] = *sorted[i];
    errors.push_back({fmt::format("{}: {}{}{}", place(offset), path, path.empty() ? "" : ": ", what)});
  }
  if (most < sorted.size()) errors.push_back({fmt::format("{}: and {} errors more", origin_, sorted.size() - most)});
  return errors;
}

std::string Complaints::place(std::size_t offset) const {
  if (!text_) return origin_;
  const std::string_view before = text_->substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 on the first line
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; };  // a UTF-8 character
  const auto inside = std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_begin), before.end(), continues);
  const auto column = static_cast<std::ptrdiff_t>(before.size() - line_begin) - inside;
  return fmt::format("{}:{}:{}", origin_, lines + 1, column + 1);
}

}  // namespace unspool
