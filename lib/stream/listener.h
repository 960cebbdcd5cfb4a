// Who takes what a TCP session gives out.
#pragma once

#include <cstdint>
#include <string_view>

#include "stream/chunk.h"

namespace unspool {

/// What was odd about a segment. Counted for each session and for the run; none of them ends anything by itself.
enum class Oddity : std::uint8_t {
  retransmission,     // bytes that were given out already
  late,               // bytes of a gap, after it was given out
  before_start,       // bytes from before the first one: a keep-alive's, or too late for a start without SYN
  overlap_differs,    // two copies of the same bytes, not equal
  order_conflict,     // both sides acknowledge what the other has not yet sent: given out in capture order
  invalid_ack,        // acknowledges what cannot have been sent
  out_of_window,      // data far from what the peer can take
  data_after_fin,     // bytes past the end of the stream
  bad_fin,            // a second end, elsewhere
  fin_inferred,       // the FIN was not captured, its acknowledgement was
  no_ack_flag,        // data without ACK (RFC 9293, 3.10.7.4: dropped)
  bad_checksum,       // wrong TCP checksum
  syn_data,           // data on a SYN
  syn_ignored,        // a SYN inside a session that went on
  syn_fin,            // SYN and FIN in one segment
  synack_unexpected,  // a SYN-ACK that acknowledges no SYN seen here
  rst_inexact,        // a reset not at the next byte (RFC 5961, 3.2)
  rst_ignored,        // an exact reset that the peer did not obey
  rst_data,           // bytes in a reset
  after_rst,          // bytes behind the sender's own reset, never acknowledged: not given out
  after_end,          // segments of a session that had ended
  urgent,             // segments with urgent data
  urgent_inline,      // urgent bytes that stay in the stream although they are to be taken out: there were too many
  old_timestamp,      // a timestamp older than the last one (RFC 7323, 5.3)
  source_route,       // packets on a source route, and not at its end yet (RFC 791, 3.1)
};
inline constexpr std::size_t kOddities = 25;
std::string_view name(Oddity oddity);

class StreamListener {
 public:
  StreamListener() = default;
  StreamListener(const StreamListener&) = delete;
  StreamListener& operator=(const StreamListener&) = delete;
  virtual ~StreamListener() = default;

  /// Once, before the first chunk: which side (0 or 1) is the client, how that is known, and whether the beginning is
  /// missing.
  virtual void on_roles(unsigned client, Roles roles, bool midstream) = 0;
  virtual void on_chunk(const Chunk& chunk) = 0;
  /// `bytes` urgent ones, among those that were given out last, are no part of the stream.
  virtual void on_taken_out(Side side, std::uint64_t bytes) = 0;
  /// The stream of `side` is complete: its FIN was reached.
  virtual void on_fin(Side side) = 0;
  /// Bytes came again, or too late, for a place that was given out already.
  virtual void on_old(Side side, std::uint64_t offset, Bytes bytes) = 0;
  /// Two copies of bytes that still wait differ; the first one stays.
  virtual void on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) = 0;
  virtual void on_oddity(Oddity oddity) = 0;
};

}  // namespace unspool
