#include "capture/spool_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <functional>

namespace unspool {
namespace {

constexpr std::size_t kPiece = 64U << 10U;  // written at a time

/// The file is written anew when it has so many more lines than files that are known.
constexpr std::size_t kUselessLines = 1'000;

std::uint64_t hash(std::string_view name) { return std::hash<std::string_view>{}(name); }

std::uint64_t hash(const FileIdentity& identity) {
  return hash(fmt::format("{} {} {}", identity.inode, identity.size, identity.modified));
}

/// A name is the rest of its line.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '\n') {
      text += "%0A";
    } else if (c == '%') {
      text += "%25";
    } else {
      text += c;
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const bool is_feed = text.starts_with("%0A"), is_percent = text.starts_with("%25");
    name += is_feed ? '\n' : is_percent ? '%' : text.front();
    text.remove_prefix(is_feed || is_percent ? 3 : 1);
  }
  return name;
}

template <class T>
bool take_number(std::string_view& line, T& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return true;
}

std::string line_of(std::string_view what, const SpoolFile& file) {
  return fmt::format("{}{} {} {} {}\n", what, file.identity.inode, file.identity.size, file.identity.modified,
                     escaped(file.name));
}

constexpr std::string_view kRead = "read ", kPart = "part ";

}  // namespace

Result<std::unique_ptr<SpoolState>> SpoolState::open(std::string path, const SpoolDirectory& directory) {
  std::unique_ptr<SpoolState> state{new SpoolState(std::move(path), directory)};
  if (auto loaded = state->load(); !loaded) return tl::unexpected(loaded.error());
  return state;
}

bool SpoolState::has(const SpoolFile& file) const {
  const auto found = known_.find(hash(file.name));
  return found != known_.end() && found->second == hash(file.identity);
}

std::optional<std::uint64_t> SpoolState::record_of(const SpoolFile& file) const {
  if (!part_ || part_->file.name != file.name || part_->file.identity != file.identity) return std::nullopt;
  return part_->record;
}

Result<void> SpoolState::add(const SpoolFile& file) {
  if (lines_ > known_.size() * 2 + kUselessLines) {
    if (auto loaded = load(); !loaded) return loaded;
  }
  add_for_now(file);
  return append(line_of(kRead, file));
}

void SpoolState::add_for_now(const SpoolFile& file) { known_[hash(file.name)] = hash(file.identity); }

Result<void> SpoolState::add_part(const SpoolFile& file, std::uint64_t record) {
  return append(line_of(fmt::format("{}{} ", kPart, record), file));
}

void SpoolState::forget(const std::string& name) { known_.erase(hash(name)); }

/// Also what directories forgot to tell is forgotten.
Result<void> SpoolState::load() {
  known_.clear();
  std::ifstream old{path_, std::ios::binary};
  if (!old && ::access(path_.c_str(), F_OK) == 0)
    return fail(fmt::format("{}: cannot be read: {}", path_, os_error(errno)));
  const std::string fresh = path_ + ".new";
  Fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640)};
  if (!file) return fail(fmt::format("{}: cannot be made: {}", fresh, os_error(errno)));
  lines_ = 0;
  is_line_cut_ = false;
  std::string kept;
  int error = 0;
  for (std::string line; error == 0 && std::getline(old, line);) {
    read_line(line, kept);
    if (kept.size() < kPiece) continue;
    error = write_all(file.get(), as_bytes(kept));
    kept.clear();
  }
  if (error == 0) error = write_all(file.get(), as_bytes(kept));
  if (error == 0 && (::fdatasync(file.get()) != 0 || ::rename(fresh.c_str(), path_.c_str()) != 0)) error = errno;
  if (error != 0) return fail(fmt::format("{}: cannot be written: {}", path_, os_error(error)));
  file_ = std::move(file);
  return {};
}

/// Keeps what is true of a file that is there.
void SpoolState::read_line(std::string_view line, std::string& kept) {
  Part part;
  FileIdentity& identity = part.file.identity;
  const bool is_part = line.starts_with(kPart);
  if (!is_part && !line.starts_with(kRead)) return;
  line.remove_prefix(kPart.size());
  if (is_part && !take_number(line, part.record)) return;
  if (!take_number(line, identity.inode) || !take_number(line, identity.size) || !take_number(line, identity.modified))
    return;
  part.file.name = unescaped(line);
  if (directory_.identity(part.file.name) != identity) return;
  kept += is_part ? line_of(fmt::format("{}{} ", kPart, part.record), part.file) : line_of(kRead, part.file);
  ++lines_;
  if (is_part) {
    part_ = std::move(part);
  } else {
    add_for_now(part.file);
  }
}

Result<void> SpoolState::append(std::string_view line) {
  int error = is_line_cut_ ? write_all(file_.get(), as_bytes("\n")) : 0;
  if (error == 0) error = write_all(file_.get(), as_bytes(line));
  is_line_cut_ = error != 0;
  ++lines_;
  if (error == 0) return {};
  return fail(fmt::format("{}: cannot be written, so the next run may read again what this one has: {}", path_,
                          os_error(error)));
}

}  // namespace unspool
