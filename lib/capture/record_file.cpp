#include "capture/record_file.h"

#include <fmt/format.h>

namespace unspool {

void RecordFile::opened(std::uint64_t offset) {
  in_.stop_waiting();
  started_ = offset;
  if (offset != 0) number_ = 0;
}

tl::unexpected<Error> RecordFile::refused(std::string_view reason) const {
  if (has_ended_) return fail(end_.what);
  if (in_.error() != 0) return fail(fmt::format("{}: cannot be read: {}", name_, os_error(in_.error())));
  if (!in_.problem().empty()) return fail(fmt::format("{}: {}, as {}", name_, reason, in_.problem()));
  return fail(fmt::format("{}: {}", name_, reason));
}

bool RecordFile::corrupt(std::string_view reason) {
  ended(SourceEnd::How::corrupt, fmt::format("{}: {} {}", name_, place(), reason));
  return false;
}

Source::State RecordFile::stopped() {
  if (has_ended_) return State::ended;
  if (in_.wanting()) return State::idle;
  const std::uint64_t at = in_.offset();
  if (in_.error() != 0) {
    return ended(SourceEnd::How::corrupt, fmt::format("{}: cannot be read on from byte {}: {}", name_,
                                                      at + in_.rest().size(), os_error(in_.error())));
  }
  const bool in_record = !in_.rest().empty();
  if (in_record) begin_record();
  if (!in_.problem().empty()) {
    const auto where = in_record ? place() : fmt::format("byte {}", at);
    return ended(
        in_.is_cut() ? SourceEnd::How::cut_short : SourceEnd::How::corrupt,
        fmt::format("{}: ends at {}{}, as {}", name_, where, in_.is_packed() ? " once unpacked" : "", in_.problem()));
  }
  if (!in_record) return ended(SourceEnd::How::whole, {});
  return ended(SourceEnd::How::cut_short, fmt::format("{}: ends inside {}", name_, place()));
}

std::string RecordFile::place() const {
  const auto counted = started_ == 0 ? "" : fmt::format(", counted from byte {} on,", started_);
  return fmt::format("record {}{} at byte {}", number_, counted, record_);
}

Source::State RecordFile::ended(SourceEnd::How how, std::string what) {
  has_ended_ = true;
  end_ = {how, std::move(what)};
  in_.stop();
  return State::ended;
}

}  // namespace unspool
