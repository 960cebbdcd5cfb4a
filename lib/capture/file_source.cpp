#include "capture/file_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "capture/file_format.h"
#include "capture/pcap_source.h"
#include "capture/pcapng_source.h"

namespace unspool {
namespace {

/// Of the first bytes of a file, what every format can be told by.
constexpr std::size_t kTelling = 8;

Fd open_path(const std::string& path) {
  if (path == "-") return Fd{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  return Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
}

/// What every format can be told by, of what the reader gives.
Bytes beginning_of(BlockReader& in) {
  in.need(kTelling);
  return in.rest().first(std::min(in.rest().size(), kTelling));
}

/// Whether the file was compressed: then `in` gives what is packed in it.
bool unpack(BlockReader& in) {
  const Compression compression = compression_of(beginning_of(in));
  if (compression == Compression::none) return false;
  auto unpacker = make_unpacker(compression);
  if (unpacker) in.unpack_with(std::move(unpacker));
  return in.is_packed();
}

template <class Reader>
Result<std::unique_ptr<Source>> open_as(const std::string& label, std::uint16_t index, BlockReader in,
                                        std::uint64_t offset) {
  auto source = std::make_unique<Reader>(label, index, std::move(in));
  if (auto opened = source->open(offset); !opened) return tl::unexpected(opened.error());
  return source;
}

Result<std::unique_ptr<Source>> open_reader(const std::string& label, std::uint16_t index, BlockReader in,
                                            std::uint64_t offset) {
  const char* once = unpack(in) ? "once unpacked, " : "";
  const Bytes first = beginning_of(in);
  if (in.error() != 0) return fail(fmt::format("{}: cannot be read: {}", label, os_error(in.error())));
  if (first.empty() && !in.problem().empty()) return fail(fmt::format("{}: {}", label, in.problem()));
  if (first.empty()) return fail(fmt::format("{}: {}is empty", label, once));
  switch (format_of(first)) {
    case FileFormat::pcap: return open_as<PcapSource>(label, index, std::move(in), offset);
    case FileFormat::pcapng: return open_as<PcapngSource>(label, index, std::move(in), offset);
    case FileFormat::other: break;
  }
  return fail(fmt::format("{}: {}{}", label, once, why_unreadable(first)));
}

}  // namespace

Result<std::unique_ptr<Source>> open_capture_file(const CaptureName& name, std::uint16_t index, BlockPool& pool) {
  const std::string label = name.path == "-" ? "standard input" : name.path;
  Fd file = open_path(name.path);
  if (!file) return fail(fmt::format("{}: cannot be opened: {}", label, os_error(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) return fail(label + ": is a directory");

  BlockReader in{std::move(file), pool};
  if (name.follow) {
    if (auto followed = in.follow(); !followed) return fail(fmt::format("{}: {}", label, followed.error().what));
  }
  return open_reader(label, index, std::move(in), name.offset);
}

std::optional<Timestamp> first_packet_time(Fd file, BlockPool& pool) {
  BlockReader in{std::move(file), pool};
  in.read_little();
  Packet packet;
  const auto source = open_reader({}, 0, std::move(in), 0);
  if (!source || (*source)->next(packet) != Source::State::packet) return std::nullopt;
  return packet.time;
}

Result<bool> is_capture_file(const std::string& path) {
  Fd file = open_path(path);
  if (!file) return fail(fmt::format("{}: cannot be opened: {}", path, os_error(errno)));
  std::array<std::byte, kTelling> first{};
  const ssize_t n = ::pread(file.get(), first.data(), first.size(), 0);
  if (n < 0) return fail(fmt::format("{}: cannot be read: {}", path, os_error(errno)));
  const Bytes there = Bytes{first}.first(static_cast<std::size_t>(n));
  if (compression_of(there) == Compression::none) return format_of(there) != FileFormat::other;
  BlockPool pool;
  BlockReader in{std::move(file), pool};
  return unpack(in) && format_of(beginning_of(in)) != FileFormat::other;
}

}  // namespace unspool
