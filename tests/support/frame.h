// Frames for tests, stacked in words, right unless told otherwise:
//
//   eth() / vlan(5) / ip4("10.0.0.1", "10.0.0.2") / tcp(49152, 80).syn().seq(1).payload("GET")
//
// Each header fills in what it says about the one behind it (type, lengths) and its checksum. Words with a number make
// it lie.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/timestamp.h"

namespace unspool::test {

/// `number` in network order.
std::string be(std::uint64_t number, int width);

/// One header, or bytes that stand for one.
class Header {
 public:
  virtual ~Header() = default;
  /// The numbers by which what stands in front calls it.
  virtual std::uint16_t ethertype() const { return 0; }
  virtual std::uint8_t protocol() const { return 0; }
  /// LINKTYPE_ of a frame that begins with it.
  virtual std::uint16_t link_type() const { return 0; }
  /// Source and destination, for the pseudo header; empty if it is not IP.
  virtual std::string addresses() const { return {}; }
  /// The header with `body` behind it. `next` is the header there, or null; `addresses` are those of the IP header
  /// around.
  virtual std::string wrap(std::string body, const Header* next, const std::string& addresses) const = 0;
};

class Frame {
 public:
  Frame() = default;
  template <std::derived_from<Header> H>
  Frame(const H& header) : headers_{std::make_shared<H>(header)} {}

  /// Adds a header behind the others: what operator/ does.
  template <std::derived_from<Header> H>
  void push(const H& header) {
    headers_.push_back(std::make_shared<H>(header));
  }
  std::string bytes() const;
  operator std::string() const { return bytes(); }
  std::uint16_t link_type() const { return headers_.front()->link_type(); }

 private:
  std::vector<std::shared_ptr<const Header>> headers_;
};

template <std::derived_from<Header> H>
Frame operator/(Frame frame, const H& header) {
  frame.push(header);
  return frame;
}

/// A pcap file of these, all with the link type of the first.
std::string to_pcap(const std::vector<std::pair<Timestamp, Frame>>& frames);

/// What a header says, when it is not the truth.
using Claim = int;
constexpr Claim kTruth = -1;

/// Link headers and extension headers, which are a few bytes in front of the next type.
class Plain : public Header {
 public:
  struct Numbers {
    std::uint16_t ethertype = 0, link_type = 0;
    std::uint8_t protocol = 0;
  };
  /// `before`, the type of what follows in `width` bytes, `after`.
  Plain(Numbers numbers, std::string before, int width, std::string after);
  /// What it says of the next header, whatever that is.
  Plain& next(unsigned type);
  /// Up to 60 bytes, as Ethernet has it.
  Plain& padded();

  std::uint16_t ethertype() const override { return numbers_.ethertype; }
  std::uint8_t protocol() const override { return numbers_.protocol; }
  std::uint16_t link_type() const override { return numbers_.link_type; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  Numbers numbers_;
  std::string before_, after_;
  int width_;
  Claim next_ = kTruth;
  bool padded_ = false;
};

Plain eth();
Plain sll();
Plain sll2();
Plain raw(std::uint16_t link_type = 101);
/// `family` as the capturing machine writes it: AF_INET is 2 everywhere.
Plain null_link(std::uint32_t family = 2, bool big = false);
Plain loop(std::uint32_t family = 2);
Plain vlan(std::uint16_t id, std::uint16_t ethertype = 0x8100);
/// Extension headers of IPv6.
Plain extension6(std::uint8_t protocol, std::size_t length = 8);
inline Plain hop_by_hop() { return extension6(0); }
inline Plain destination_options(std::size_t length = 8) { return extension6(60, length); }
Plain routing(std::uint8_t segments_left = 0);
Plain authentication();
Plain fragment6(std::uint32_t id, std::uint16_t offset, bool more);
/// Any bytes: a payload, or what is no header at all.
Plain data(std::string bytes, std::uint8_t protocol = 253);
Plain arp(const char* from, const char* to);

class Ip4 : public Header {
 public:
  Ip4(const char* source, const char* destination);
  Ip4& fragment(std::uint16_t id, std::uint16_t offset, bool more);
  /// Padded to whole words.
  Ip4& options(std::string bytes);
  Ip4& protocol(unsigned number) { return protocol_ = static_cast<Claim>(number), *this; }
  Ip4& total_length(unsigned bytes) { return total_ = static_cast<Claim>(bytes), *this; }
  Ip4& header_words(unsigned words) { return words_ = static_cast<Claim>(words), *this; }
  Ip4& version(unsigned number) { return version_ = number, *this; }
  Ip4& ttl(unsigned hops) { return ttl_ = hops, *this; }
  Ip4& bad_checksum() { return bad_ = true, *this; }

  std::uint16_t ethertype() const override { return 0x0800; }
  std::uint8_t protocol() const override { return 4; }
  std::string addresses() const override { return addresses_; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  std::string addresses_, options_;
  std::uint16_t id_ = 1, fragment_ = 0;
  Claim protocol_ = kTruth, total_ = kTruth, words_ = kTruth;
  unsigned version_ = 4, ttl_ = 64;
  bool bad_ = false;
};
inline Ip4 ip4(const char* source, const char* destination) { return {source, destination}; }

class Ip6 : public Header {
 public:
  Ip6(const char* source, const char* destination);
  Ip6& next(unsigned protocol) { return next_ = static_cast<Claim>(protocol), *this; }
  Ip6& payload_length(unsigned bytes) { return length_ = static_cast<Claim>(bytes), *this; }
  Ip6& version(unsigned number) { return version_ = number, *this; }

  std::uint16_t ethertype() const override { return 0x86dd; }
  std::uint8_t protocol() const override { return 41; }
  std::string addresses() const override { return addresses_; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  std::string addresses_;
  Claim next_ = kTruth, length_ = kTruth;
  unsigned version_ = 6;
};
inline Ip6 ip6(const char* source, const char* destination) { return {source, destination}; }

class Tcp : public Header {
 public:
  Tcp(std::uint16_t source, std::uint16_t destination) : source_{source}, destination_{destination} {}
  Tcp& fin() { return flag(0x01); }
  Tcp& syn() { return flag(0x02); }
  Tcp& rst() { return flag(0x04); }
  Tcp& psh() { return flag(0x08); }
  Tcp& ack(std::uint32_t number) { return ack_ = number, flag(0x10); }
  Tcp& urg(std::uint16_t pointer) { return urgent_ = pointer, flag(0x20); }
  /// As they stand on the wire, whatever was said before.
  Tcp& flags(std::uint8_t bits) { return flags_ = bits, *this; }
  Tcp& seq(std::uint32_t number) { return seq_ = number, *this; }
  Tcp& window(std::uint16_t bytes) { return window_ = bytes, *this; }
  /// Padded to whole words.
  Tcp& options(std::string bytes);
  Tcp& payload(std::string bytes) { return payload_ = std::move(bytes), *this; }
  Tcp& header_words(unsigned words) { return words_ = static_cast<Claim>(words), *this; }
  Tcp& bad_checksum() { return bad_ = true, *this; }
  /// Only so many bytes of the segment are there.
  Tcp& ends_behind(unsigned bytes) { return end_ = bytes, *this; }

  std::uint8_t protocol() const override { return 6; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  Tcp& flag(std::uint8_t bit) { return flags_ |= bit, *this; }

  std::string options_, payload_;
  std::uint32_t seq_ = 0, ack_ = 0;
  std::uint16_t source_, destination_, window_ = 65535, urgent_ = 0;
  std::uint8_t flags_ = 0;
  Claim words_ = kTruth;
  std::size_t end_ = std::string::npos;
  bool bad_ = false;
};
inline Tcp tcp(std::uint16_t source, std::uint16_t destination) { return {source, destination}; }

class Udp : public Header {
 public:
  Udp(std::uint16_t source, std::uint16_t destination) : source_{source}, destination_{destination} {}
  Udp& payload(std::string bytes) { return payload_ = std::move(bytes), *this; }
  Udp& length(unsigned bytes) { return length_ = static_cast<Claim>(bytes), *this; }
  Udp& bad_checksum() { return bad_ = true, *this; }
  /// 0: none was computed.
  Udp& no_checksum() { return none_ = true, *this; }

  std::uint8_t protocol() const override { return 17; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  std::string payload_;
  std::uint16_t source_, destination_;
  Claim length_ = kTruth;
  bool bad_ = false, none_ = false;
};
inline Udp udp(std::uint16_t source, std::uint16_t destination) { return {source, destination}; }

/// Of ICMP in IPv4, or ICMPv6 in IPv6.
class Icmp : public Header {
 public:
  Icmp(std::uint8_t type, std::uint8_t code, bool v6) : type_{type}, code_{code}, v6_{v6} {}
  Icmp& payload(std::string bytes) { return payload_ = std::move(bytes), *this; }

  std::uint8_t protocol() const override { return v6_ ? 58 : 1; }
  std::string wrap(std::string body, const Header* next, const std::string& addresses) const override;

 private:
  std::string payload_;
  std::uint8_t type_, code_;
  bool v6_;
};
inline Icmp icmp(std::uint8_t type, std::uint8_t code = 0) { return {type, code, false}; }
inline Icmp icmp6(std::uint8_t type, std::uint8_t code = 0) { return {type, code, true}; }

}  // namespace unspool::test
