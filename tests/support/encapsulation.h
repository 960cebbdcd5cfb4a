// Words for frames beyond Ethernet and IP: links, labels and tunnels.
//
//   eth() / ip4("10.9.0.1", "10.9.0.2") / gre() / ip4("10.0.0.1", "10.0.0.2") / tcp(49152, 80)
#pragma once

#include <functional>
#include <string>

#include "support/frame.h"

namespace unspool::test {

/// A header that counts or names what is behind it in a way of its own.
class Made : public Header {
 public:
  struct Numbers {
    std::uint16_t ethertype = 0, link_type = 0;
  };
  /// `make` is given the bytes behind it, and the EtherType of the header there; answers with the whole.
  using Make = std::function<std::string(const std::string& body, unsigned ethertype)>;
  Made(Numbers numbers, Make make) : numbers_{numbers}, make_{std::move(make)} {}

  std::uint16_t ethertype() const override { return numbers_.ethertype; }
  std::uint16_t link_type() const override { return numbers_.link_type; }
  std::string wrap(std::string body, const Header* next, const std::string&) const override {
    return make_(body, next == nullptr ? 0U : next->ethertype());
  }

 private:
  Numbers numbers_;
  Make make_;
};

// Links.

/// Behind eth().next(a length), or alone behind a wireless header.
Plain llc(std::uint32_t organization = 0);
/// `front`: address and control, if any. `compressed`: the protocol in one byte.
Made ppp(std::string front = "\xff\x03", std::uint16_t link_type = 9, bool compressed = false);
/// PPPoE. `length` instead of the true one.
Made pppoe(Claim length = kTruth, std::uint8_t code = 0);
Plain cisco_hdlc(std::uint16_t link_type = 104, std::uint8_t address = 0x0f);
/// Headers of IEEE 802.11 whose length follows from the first two bytes; `padded` to whole words.
struct Dot11 {
  std::uint8_t control = 0x08, flags = 0x01;
  std::uint16_t qos = 0, sequence = 0x10;
  bool padded = false;
};
Plain dot11(const Dot11& header = {});
/// With the fields that stand before and behind the flags, when these are given; `words` of further presence bits.
Plain radiotap(Claim flags = kTruth, bool timer = false, unsigned words = 0);
Plain prism(bool big = false);
Plain avs(std::uint16_t link_type = 163);
/// As a machine of that byte order writes it, `attributes` in front of the packet.
Made nflog(std::uint8_t family = 2, bool big = false, unsigned attributes = 2);
Plain mpls(std::uint32_t label, bool bottom = true);
Plain control_word();

// Tunnels.

/// `flags` with all the fields that they announce.
Plain gre(unsigned flags = 0);
constexpr unsigned kGreChecksum = 0x8000, kGreKey = 0x2000, kGreSequence = 0x1000;
constexpr unsigned kPptp = 0x3001, kPptpAcknowledgement = 0x0080;
/// PPP as GRE names it.
Made gre_ppp();
/// Type 1 to 3; 2 stands behind gre(kGreSequence). `flags` of type 3: what it carries, and a subheader.
Plain erspan(unsigned type, unsigned flags = 0);
Plain vxlan(std::uint32_t network, std::uint8_t flags = 0x08);
Plain geneve(std::uint32_t network, unsigned option_words = 0);
/// A packet of a user; `flags` 0x34 with `extensions`, 0x32 with a sequence number.
Made gtp(std::uint32_t teid, std::uint8_t flags = 0x30, std::string extensions = {}, std::uint8_t type = 255);
/// `authentication` of a key and a value of that length, or without; `origin` behind it.
Plain teredo(Claim authentication = kTruth, bool origin = false);

}  // namespace unspool::test
