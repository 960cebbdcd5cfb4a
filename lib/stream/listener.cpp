#include "stream/listener.h"

#include <array>

namespace unspool {

std::string_view name(Oddity oddity) {
  static constexpr std::array<std::string_view, kOddities> kNames{
      "retransmission",    "late",          "before_start",   "overlap_differs", "order_conflict",
      "invalid_ack",       "out_of_window", "data_after_fin", "bad_fin",         "fin_inferred",
      "no_ack_flag",       "bad_checksum",  "syn_data",       "syn_ignored",     "syn_fin",
      "synack_unexpected", "rst_inexact",   "rst_ignored",    "rst_data",        "after_rst",
      "after_end",         "urgent",        "urgent_inline",  "old_timestamp",   "source_route"};
  return kNames[static_cast<std::size_t>(oddity)];
}

}  // namespace unspool
