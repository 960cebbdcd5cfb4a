#include "events/rotated_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace unspool {
namespace {

constexpr std::string_view kPrefix = "events-", kSuffix = ".json";

}  // namespace

std::string rotated_name(Timestamp when) { return std::string{kPrefix}.append(name_time(when)).append(kSuffix); }

std::optional<Timestamp> rotated_time(std::string_view name) {
  constexpr std::string_view kShape = "yyyymmddThhmmss.uuuuuuZ";
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() != kPrefix.size() + kShape.size() + kSuffix.size()) return std::nullopt;
  const std::string_view text = name.substr(kPrefix.size(), kShape.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] >= 'a' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  const auto number = [text](std::size_t from, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + from, text.data() + from + digits, value);
    return value;
  };
  using namespace std::chrono;
  const year_month_day day{year{number(0, 4)}, month{static_cast<unsigned>(number(4, 2))},
                           std::chrono::day{static_cast<unsigned>(number(6, 2))}};
  if (!day.ok()) return std::nullopt;
  return Timestamp{sys_days{day} + hours{number(9, 2)} + minutes{number(11, 2)} + seconds{number(13, 2)} +
                   microseconds{number(16, 6)}};
}

std::vector<std::string> rotated_files(int directory) {
  std::vector<std::string> names;
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  DIR* const entries = ::fdopendir(fd);
  if (entries == nullptr) {
    ::close(fd);
    return names;
  }
  while (const dirent* entry = ::readdir(entries)) {
    if (rotated_time(entry->d_name)) names.emplace_back(entry->d_name);
  }
  ::closedir(entries);
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t remove_rotated_files(int directory, std::size_t keep) {
  const std::vector<std::string> names = rotated_files(directory);
  std::uint64_t removed = 0;
  for (std::size_t i = 0; i + keep < names.size(); ++i) removed += ::unlinkat(directory, names[i].c_str(), 0) == 0;
  return removed;
}

}  // namespace unspool
