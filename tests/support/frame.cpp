#include "support/frame.h"

#include <arpa/inet.h>

#include <stdexcept>

#include "support/capture_file.h"

namespace unspool::test {
namespace {

std::string zeros(std::size_t n) { return std::string(n, '\0'); }

std::string to_words(std::string bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

/// In network order.
std::string address(int family, const char* text) {
  std::string bytes(family == AF_INET ? 4 : 16, '\0');
  if (::inet_pton(family, text, bytes.data()) != 1) throw std::invalid_argument(text);
  return bytes;
}

/// RFC 1071, word by word: shares nothing with lib/wire, whose tests it serves.
unsigned checksum(const std::string& bytes) {
  unsigned long sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += static_cast<unsigned long>(bytes[i] & 0xff) << (i % 2 ? 0 : 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<unsigned>(~sum & 0xffff);
}

unsigned pick(Claim claim, std::size_t truth) {
  return static_cast<unsigned>(claim == kTruth ? truth : static_cast<std::size_t>(claim));
}

/// Over the pseudo header too: addresses, length, protocol.
unsigned transport_checksum(const std::string& addresses, unsigned protocol, std::size_t length,
                            const std::string& bytes) {
  return checksum(addresses + be(length, 4) + be(protocol, 4) + bytes);
}

constexpr unsigned kWrong = 0x5555;  // what a checksum is xored with

}  // namespace

std::string be(std::uint64_t number, int width) {
  std::string bytes;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xffU);
  return bytes;
}

std::string Frame::bytes() const {
  std::string body;
  for (std::size_t i = headers_.size(); i-- > 0;) {
    std::string addresses;
    for (std::size_t outer = i; outer-- > 0 && addresses.empty();) addresses = headers_[outer]->addresses();
    const Header* next = i + 1 < headers_.size() ? headers_[i + 1].get() : nullptr;
    body = headers_[i]->wrap(std::move(body), next, addresses);
  }
  return body;
}

std::string to_pcap(const std::vector<std::pair<Timestamp, Frame>>& frames) {
  PcapImage image{
      {.nanoseconds = true, .link_type = frames.empty() ? std::uint32_t{1} : frames.front().second.link_type()}};
  for (const auto& [time, frame] : frames) {
    image.packet(static_cast<std::uint64_t>(time.time_since_epoch().count()), frame.bytes());
  }
  return image.bytes();
}

Plain::Plain(Numbers numbers, std::string before, int width, std::string after)
    : numbers_{numbers}, before_{std::move(before)}, after_{std::move(after)}, width_{width} {}

Plain& Plain::next(unsigned type) {
  next_ = static_cast<Claim>(type);
  return *this;
}

Plain& Plain::padded() {
  padded_ = true;
  return *this;
}

std::string Plain::wrap(std::string body, const Header* next, const std::string&) const {
  const unsigned type = next == nullptr ? 0U : width_ == 1 ? next->protocol() : next->ethertype();
  std::string bytes = before_ + be(pick(next_, type), width_) + after_ + body;
  if (padded_ && bytes.size() < 60) bytes.resize(60, '~');  // not zeros, so that it shows where it must not
  return bytes;
}

Plain eth() {
  return {{.ethertype = 0x6558, .link_type = 1}, std::string("\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12), 2, {}};
}
Plain sll() { return {{.link_type = 113}, be(0, 2) + be(1, 2) + be(6, 2) + be(0x020000000001, 6) + be(0, 2), 2, {}}; }
Plain sll2() { return {{.link_type = 276}, {}, 2, be(0, 2) + be(3, 4) + be(1, 2) + be(0, 1) + be(6, 1) + be(0, 8)}; }
Plain raw(std::uint16_t link_type) { return {{.link_type = link_type}, {}, 0, {}}; }
Plain null_link(std::uint32_t family, bool big) {
  return {{.link_type = 0}, be(big ? family : __builtin_bswap32(family), 4), 0, {}};
}
Plain loop(std::uint32_t family) { return {{.link_type = 108}, be(family, 4), 0, {}}; }
Plain vlan(std::uint16_t id, std::uint16_t ethertype) { return {{.ethertype = ethertype}, be(id | 0x6000U, 2), 2, {}}; }

Plain extension6(std::uint8_t protocol, std::size_t length) {
  const std::size_t padding = length - 4;  // one PadN option fills it (RFC 8200, 4.2)
  return {{.protocol = protocol}, {}, 1, be(length / 8 - 1, 1) + be(1, 1) + be(padding, 1) + zeros(padding)};
}
Plain routing(std::uint8_t segments_left) {
  return {{.protocol = 43},
          {},
          1,
          be(2, 1) + be(4, 1) + be(segments_left, 1) + zeros(4) + address(AF_INET6, "2001:db8::99")};
}
Plain authentication() { return {{.protocol = 51}, {}, 1, be(4, 1) + be(0, 2) + be(1, 4) + be(1, 4) + zeros(12)}; }
Plain fragment6(std::uint32_t id, std::uint16_t offset, bool more) {
  return {{.protocol = 44}, {}, 1, be(0, 1) + be(offset | (more ? 1U : 0U), 2) + be(id, 4)};
}
Plain data(std::string bytes, std::uint8_t protocol) { return {{.protocol = protocol}, {}, 0, std::move(bytes)}; }
Plain arp(const char* from, const char* to) {
  return {{.ethertype = 0x0806},
          be(0x00010800'06040001, 8) + be(0x020000000001, 6) + address(AF_INET, from),
          0,
          zeros(6) + address(AF_INET, to)};
}

Ip4::Ip4(const char* source, const char* destination)
    : addresses_{address(AF_INET, source) + address(AF_INET, destination)} {}

Ip4& Ip4::fragment(std::uint16_t id, std::uint16_t offset, bool more) {
  id_ = id;
  fragment_ = static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000 : 0));
  return *this;
}

Ip4& Ip4::options(std::string bytes) {
  options_ = to_words(std::move(bytes));
  return *this;
}

std::string Ip4::wrap(std::string body, const Header* next, const std::string&) const {
  const std::size_t length = 20 + options_.size();
  const unsigned first = version_ << 4 | (pick(words_, length / 4) & 0xf);
  const std::string front = be(first, 1) + be(0, 1) + be(pick(total_, length + body.size()), 2) + be(id_, 2) +
                            be(fragment_, 2) + be(ttl_, 1) +
                            be(pick(protocol_, next == nullptr ? 253 : next->protocol()), 1);
  const std::string back = addresses_ + options_;
  return front + be(checksum(front + back) ^ (bad_ ? kWrong : 0), 2) + back + body;
}

Ip6::Ip6(const char* source, const char* destination)
    : addresses_{address(AF_INET6, source) + address(AF_INET6, destination)} {}

std::string Ip6::wrap(std::string body, const Header* next, const std::string&) const {
  return be(version_ << 28, 4) + be(pick(length_, body.size()), 2) +
         be(pick(next_, next == nullptr ? 59 : next->protocol()), 1) + be(64, 1) + addresses_ + body;
}

Tcp& Tcp::options(std::string bytes) {
  options_ = to_words(std::move(bytes));
  return *this;
}

std::string Tcp::wrap(std::string body, const Header*, const std::string& addresses) const {
  const std::size_t words = pick(words_, 5 + options_.size() / 4);
  const std::string front = be(source_, 2) + be(destination_, 2) + be(seq_, 4) + be(ack_, 4) + be(words << 4, 1) +
                            be(flags_, 1) + be(window_, 2);
  const std::string back = be(urgent_, 2) + options_ + payload_ + body;
  const std::size_t length = front.size() + 2 + back.size();
  const unsigned sum = transport_checksum(addresses, 6, length, front + be(0, 2) + back);
  return (front + be(sum ^ (bad_ ? kWrong : 0), 2) + back).substr(0, end_);
}

std::string Udp::wrap(std::string body, const Header*, const std::string& addresses) const {
  const std::string text = payload_ + body;
  const std::size_t length = pick(length_, 8 + text.size());
  const std::string front = be(source_, 2) + be(destination_, 2) + be(length, 2);
  unsigned sum =
      transport_checksum(addresses, 17, length, front + be(0, 2) + text.substr(0, length < 8 ? 0 : length - 8));
  if (sum == 0) sum = 0xffff;  // RFC 768: 0 says that there is none
  return front + be(none_ ? 0 : sum ^ (bad_ ? kWrong : 0), 2) + text;
}

std::string Icmp::wrap(std::string body, const Header*, const std::string& addresses) const {
  const std::string front = be(type_, 1) + be(code_, 1), back = be(0, 4) + payload_ + body;
  const std::string all = front + be(0, 2) + back;
  return front + be(v6_ ? transport_checksum(addresses, 58, all.size(), all) : checksum(all), 2) + back;
}

}  // namespace unspool::test
