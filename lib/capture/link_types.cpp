#include "capture/link_types.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

namespace unspool {

int dlt_of(std::uint16_t link_type) {
  switch (link_type) {
    case 100: return DLT_ATM_RFC1483;
    case 101: return DLT_RAW;
    case 104: return DLT_C_HDLC;
    case 106: return DLT_ATM_CLIP;
  }
  return link_type;
}

std::uint16_t link_type_of(int dlt) {
  switch (dlt) {
    case DLT_ATM_RFC1483: return 100;
    case DLT_RAW: return 101;
    case DLT_C_HDLC: return 104;
    case DLT_ATM_CLIP: return 106;
  }
  return static_cast<std::uint16_t>(dlt);
}

std::string link_type_name(std::uint16_t link_type) {
  const char* name = ::pcap_datalink_val_to_name(dlt_of(link_type));
  if (name == nullptr) return fmt::format("{}", link_type);
  const char* description = ::pcap_datalink_val_to_description(dlt_of(link_type));
  return description == nullptr ? fmt::format("{} ({})", link_type, name)
                                : fmt::format("{} ({}, {})", link_type, name, description);
}

}  // namespace unspool
