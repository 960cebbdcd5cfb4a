#include "support/encapsulation.h"

namespace unspool::test {
namespace {

std::string le(std::uint64_t number, int width) {
  const std::string bytes = be(number, width);
  return {bytes.rbegin(), bytes.rend()};
}

/// In the byte order of a machine.
std::string native(std::uint64_t number, int width, bool big) { return big ? be(number, width) : le(number, width); }

std::string zeros(std::size_t n) { return std::string(n, '\0'); }

std::string mac(unsigned last) { return be(0x020000000000U + last, 6); }

/// PPP's number for an EtherType.
unsigned ppp_number(unsigned ethertype) {
  switch (ethertype) {
    case 0x0800: return 0x0021;
    case 0x86dd: return 0x0057;
    case 0x8847: return 0x0281;
  }
  return 0xc021;  // LCP
}

}  // namespace

Plain llc(std::uint32_t organization) { return {{}, "\xaa\xaa\x03" + be(organization, 3), 2, {}}; }

Made ppp(std::string front, std::uint16_t link_type, bool compressed) {
  return {{.link_type = link_type}, [=](const std::string& body, unsigned ethertype) {
            return front + be(ppp_number(ethertype), compressed ? 1 : 2) + body;
          }};
}

Made pppoe(Claim length, std::uint8_t code) {
  return {{.ethertype = 0x8864, .link_type = 51}, [=](const std::string& body, unsigned ethertype) {
            const std::size_t count = length == kTruth ? body.size() + 2 : static_cast<std::size_t>(length);
            return be(0x11, 1) + be(code, 1) + be(7, 2) + be(count, 2) + be(ppp_number(ethertype), 2) + body;
          }};
}

Plain cisco_hdlc(std::uint16_t link_type, std::uint8_t address) {
  return {{.link_type = link_type}, be(address, 1) + be(0, 1), 2, {}};
}

Plain dot11(const Dot11& header) {
  std::string bytes =
      be(header.control, 1) + be(header.flags, 1) + be(0, 2) + mac(1) + mac(2) + mac(3) + le(header.sequence, 2);
  if ((header.flags & 0x03) == 0x03) bytes += mac(4);
  if ((header.control & 0x80) != 0) bytes += le(header.qos, 2);
  if ((header.control & 0x80) != 0 && (header.flags & 0x80) != 0) bytes += zeros(4);
  if (header.padded) bytes.resize((bytes.size() + 3) / 4 * 4, '~');
  return {{.link_type = 105}, bytes + "\xaa\xaa\x03" + zeros(3), 2, {}};
}

Plain radiotap(Claim flags, bool timer, unsigned words) {
  unsigned present = (timer ? 1U : 0U) | (flags == kTruth ? 0U : 2U) | 4U;  // and the rate
  std::string bits = le(present | (words > 0 ? 0x80000000U : 0U), 4);
  for (unsigned i = 0; i < words; ++i) bits += le(i + 1 < words ? 0x80000000U : 0U, 4);
  std::string fields;
  if (timer) fields += zeros(words % 2 == 0 ? 0 : 4) + le(0x0123456789abcdef, 8);
  if (flags != kTruth) fields += le(static_cast<unsigned>(flags), 1);
  fields += "\x0c";
  return {{.link_type = 127}, zeros(2) + le(4 + bits.size() + fields.size(), 2) + bits + fields, 0, {}};
}

Plain prism(bool big) {
  return {{.link_type = 119}, native(0x44, 4, big) + native(144, 4, big) + std::string(136, 'p'), 0, {}};
}

Plain avs(std::uint16_t link_type) {
  return {{.link_type = link_type}, be(0x80211001, 4) + be(64, 4) + std::string(56, 'a'), 0, {}};
}

Made nflog(std::uint8_t family, bool big, unsigned attributes) {
  return {{.link_type = 239}, [=](const std::string& body, unsigned) {
            std::string bytes = be(family, 1) + be(0, 1) + be(1, 2);
            for (unsigned i = 0; i < attributes; ++i) {  // a prefix of two letters, and padding
              bytes += native(4 + 2, 2, big) + native(10, 2, big) + "in" + zeros(2);
            }
            return bytes + native(4 + body.size(), 2, big) + native(9, 2, big) + body;
          }};
}

Plain mpls(std::uint32_t label, bool bottom) {
  return {{.ethertype = 0x8847, .protocol = 137}, be(label << 12U | (bottom ? 0x100U : 0U) | 64U, 4), 0, {}};
}

Plain control_word() { return data(zeros(4)); }

Plain gre(unsigned flags) {
  std::string fields;
  for (const unsigned bit : {0x8000U, 0x2000U, 0x1000U, 0x0080U}) {
    if ((flags & bit) != 0) fields += be(0x01020304, 4);
  }
  return {{.protocol = 47}, be(flags, 2), 2, fields};
}

Made gre_ppp() {
  return {{.ethertype = 0x880b},
          [](const std::string& body, unsigned ethertype) { return "\xff\x03" + be(ppp_number(ethertype), 2) + body; }};
}

Plain erspan(unsigned type, unsigned flags) {
  if (type == 1) return {{.ethertype = 0x88be}, {}, 0, {}};
  if (type == 2) return {{.ethertype = 0x88be}, be(0x1000, 2) + zeros(6), 0, {}};
  const std::string subheader((flags & 1U) != 0 ? 8 : 0, 's');
  return {{.ethertype = 0x22eb}, be(0x2000, 2) + zeros(8) + be(flags, 2) + subheader, 0, {}};
}

Plain vxlan(std::uint32_t network, std::uint8_t flags) {
  return {{}, be(flags, 1) + zeros(3) + be(network << 8U, 4), 0, {}};
}

Plain geneve(std::uint32_t network, unsigned option_words) {
  return {
      {}, be(option_words, 1) + be(0, 1), 2, be(network << 8U, 4) + std::string(option_words * std::size_t{4}, 'o')};
}

Made gtp(std::uint32_t teid, std::uint8_t flags, std::string extensions, std::uint8_t type) {
  return {{}, [=](const std::string& body, unsigned) {
            const std::string options =
                (flags & 0x07) == 0 ? "" : be(1, 2) + be(0, 1) + be(extensions.empty() ? 0 : 0x85, 1);
            const std::string rest = options + extensions + body;
            return be(flags, 1) + be(type, 1) + be(rest.size(), 2) + be(teid, 4) + rest;
          }};
}

Plain teredo(Claim authentication, bool origin) {
  std::string bytes;
  if (authentication != kTruth) {
    const auto length = static_cast<std::size_t>(authentication);
    bytes += be(1, 2) + be(length, 1) + be(length, 1) + std::string(2 * length, 'k') + zeros(9);
  }
  if (origin) bytes += be(0, 2) + be(0xffff, 2) + be(0xf5fffffe, 4);
  return data(bytes);
}

}  // namespace unspool::test
