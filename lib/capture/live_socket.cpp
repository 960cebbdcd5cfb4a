#include "capture/live_socket.h"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/error.h"
#include "capture/link_types.h"
#include "capture/network_interfaces.h"

namespace unspool {
namespace {

using Why = LiveFailure::Why;

constexpr int kBudget = 256;  // packets taken at a time, so that no socket starves another
constexpr auto kCountEvery = std::chrono::milliseconds(100);

Timestamp wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

tl::unexpected<LiveFailure> failed(Why why, std::string what) {
  return tl::unexpected<LiveFailure>(LiveFailure{why, std::move(what)});
}

/// How this program is called, for advice that can be copied.
std::string own_path() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return size > 0 ? std::string{path.data(), static_cast<std::size_t>(size)} : "unspool";
}

pcap_direction_t direction_of(Direction direction) {
  switch (direction) {
    case Direction::both: return PCAP_D_INOUT;
    case Direction::in: return PCAP_D_IN;
    case Direction::out: return PCAP_D_OUT;
  }
  return PCAP_D_INOUT;
}

}  // namespace

void LiveSocket::Close::operator()(pcap* handle) const { ::pcap_close(handle); }

tl::expected<void, LiveFailure> LiveSocket::open() {
  close();
  auto handle = activate();
  if (!handle) return tl::unexpected(handle.error());
  if (auto set = set_filter(handle->get()); !set) return set;
  auto joined = group_.join(::pcap_fileno(handle->get()));
  if (!joined) {
    return failed(Why::other, fmt::format("{}: its packets cannot be spread over several sockets: {}; set "
                                          "capture.sockets and capture.loops to 1",
                                          interface_, joined.error().what));
  }
  pcap_ = std::move(*handle);
  member_ = std::move(joined->member);
  link_type_ = link_type_of(::pcap_datalink(pcap_.get()));
  counted_at_ = wall_clock();
  if (joined->others) began_ = counted_at_;
  return {};
}

void LiveSocket::close() {
  pcap_.reset();
  member_ = {};
  packets_.clear();
  at_ = 0;
  began_ = {};
}

int LiveSocket::fd() const { return ::pcap_get_selectable_fd(pcap_.get()); }

bool LiveSocket::is_suspect() const { return ::pcap_get_required_select_timeout(pcap_.get()) != nullptr; }

LiveFailure LiveSocket::failure(int status, const std::string& reason) const {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return {Why::missing,
              fmt::format("{}: there is no such interface (there are {})", interface_, names_of(network_interfaces()))};
    case PCAP_ERROR_IFACE_NOT_UP:
      return {Why::down, fmt::format("{}: the interface is down: ip link set {} up", interface_, interface_)};
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return {Why::not_permitted,
              fmt::format("{}: capturing needs the capability CAP_NET_RAW: run it as root (sudo), or give it to the "
                          "program once: sudo setcap cap_net_raw+ep {}",
                          interface_, own_path())};
  }
  const char* text = ::pcap_statustostr(status);
  return {Why::other, fmt::format("{}: cannot be captured: {}", interface_, reason.empty() ? text : reason)};
}

tl::expected<LiveSocket::Handle, LiveFailure> LiveSocket::activate() const {
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  Handle handle{::pcap_create(interface_.c_str(), reason.data())};
  if (!handle) return failed(Why::other, fmt::format("{}: cannot be captured: {}", interface_, reason.data()));
  pcap* p = handle.get();
  ::pcap_set_snaplen(p, static_cast<int>(settings_.snaplen));
  ::pcap_set_promisc(p, settings_.promiscuous ? 1 : 0);
  ::pcap_set_timeout(p, static_cast<int>(settings_.timeout.count()));
  ::pcap_set_buffer_size(p, static_cast<int>(settings_.buffer));
  ::pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
  const int status = ::pcap_activate(p);
  if (status < 0) return tl::unexpected(failure(status, ::pcap_geterr(p)));
  if (::pcap_get_tstamp_precision(p) != PCAP_TSTAMP_PRECISION_NANO) {
    return failed(Why::other, fmt::format("{}: gives no time stamps in nanoseconds", interface_));
  }
  // libpcap does not come back from a dispatch while nothing comes, whatever its timeout is, unless it never blocks.
  if (::pcap_setnonblock(p, 1, reason.data()) != 0) return failed(Why::other, reason.data());
  if (settings_.direction != Direction::both && ::pcap_setdirection(p, direction_of(settings_.direction)) != 0) {
    return failed(Why::other, fmt::format("{}: {}", interface_, ::pcap_geterr(p)));
  }
  return handle;
}

tl::expected<void, LiveFailure> LiveSocket::set_filter(pcap* handle) const {
  if (settings_.filter.empty()) return {};
  bpf_program code{};
  if (::pcap_compile(handle, &code, settings_.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return failed(
        Why::filter,
        fmt::format("{}: the filter '{}' does not fit its link type, {}: {}; see pcap-filter(7)", interface_,
                    settings_.filter, link_type_name(link_type_of(::pcap_datalink(handle))), ::pcap_geterr(handle)));
  }
  const int status = ::pcap_setfilter(handle, &code);
  ::pcap_freecode(&code);
  if (status != 0) return failed(Why::other, fmt::format("{}: {}", interface_, ::pcap_geterr(handle)));
  return {};
}

LiveSocket::Fill LiveSocket::fill() {
  if (block_ && block_.alone()) used_ = 0;
  packets_.clear();
  full_.clear();
  at_ = 0;
  const auto on_packet = [](unsigned char* self, const pcap_pkthdr* header, const unsigned char* bytes) {
    reinterpret_cast<LiveSocket*>(self)->take(*header, bytes);
  };
  const int taken = ::pcap_dispatch(pcap_.get(), kBudget, on_packet, reinterpret_cast<unsigned char*>(this));
  filled_ = Clock::now();
  if (taken < 0 && packets_.empty()) {
    broken_ = ::pcap_geterr(pcap_.get());
    return Fill::broken;
  }
  if (!packets_.empty() || filled_ - counted_ >= kCountEvery) count_losses();
  for (Packet& packet : packets_) losses_.mark(packet);
  told_records_.store(record_, std::memory_order_relaxed);
  told_dropped_.store(losses_.total(), std::memory_order_relaxed);
  return packets_.empty() ? Fill::nothing : Fill::packets;
}

void LiveSocket::take(const pcap_pkthdr& header, const unsigned char* bytes) {
  const Timestamp time = timestamp_from_ns(std::int64_t{header.ts.tv_sec} * 1'000'000'000 + header.ts.tv_usec);
  if (time < began_) return;
  if (!block_ || used_ + header.caplen > BlockPool::kBlockSize) {
    if (block_) full_.push_back(std::move(block_));
    block_ = pool_.take(header.caplen);
    used_ = 0;
  }
  std::byte* copy = block_->space().data() + used_;
  std::memcpy(copy, bytes, header.caplen);
  used_ += header.caplen;
  packets_.push_back({.time = time,
                      .bytes = {copy, header.caplen},
                      .wire_length = std::max(header.len, header.caplen),
                      .link_type = link_type_,
                      .source = source_,
                      .record = ++record_,
                      .block = block_.get()});
}

/// Straight from the kernel, which begins at zero after each answer: pcap_stats(3) reads files of sysfs each time too.
void LiveSocket::count_losses() {
  tpacket_stats_v3 totals{};
  socklen_t size = sizeof totals;
  const Timestamp now = wall_clock();
  counted_ = filled_;
  if (::getsockopt(::pcap_fileno(pcap_.get()), SOL_PACKET, PACKET_STATISTICS, &totals, &size) != 0) return;
  losses_.add(counted_at_, now, totals.tp_drops);
  counted_at_ = now;
}

}  // namespace unspool
