// What the readers of pcap and pcapng files share: where they stand, and how they ended.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "capture/block_reader.h"
#include "capture/source.h"

namespace unspool {

/// Derived classes read a record at a time from in_, and note each with begin_record() before they judge it.
class RecordFile : public Source {
 public:
  int readable_fd() const final { return in_.readable_fd(); }
  Progress progress() const final { return {.bytes = in_.file_offset(), .of = in_.file_size()}; }
  SourceEnd end() const final { return end_; }

 protected:
  /// `name` is for messages; `index` becomes Packet::source.
  RecordFile(std::string name, std::uint16_t index, BlockReader in)
      : in_{std::move(in)}, index_{index}, name_{std::move(name)} {}

  /// A record begins where in_ is; said again when a pipe brings the rest of it, it counts once.
  void begin_record() {
    if (record_ == in_.offset()) return;
    record_ = in_.offset();
    ++number_;
  }
  /// The file is open, at `offset` if that is not 0: a pipe is not waited for any more, and messages say from where on
  /// records are counted.
  void opened(std::uint64_t offset);
  /// Why the file cannot be opened: what ended it, else what failed, else `reason`, to be put behind its name.
  tl::unexpected<Error> refused(std::string_view reason) const;
  /// Nothing that follows can be trusted: ends the file there, for a reason to be put behind its name and the record.
  /// False, to be passed on.
  bool corrupt(std::string_view reason);
  /// What next() answers when a need() failed, for whatever reason.
  State stopped();

  BlockReader in_;
  std::uint64_t record_ = UINT64_MAX;  // offset of the record begun last
  std::uint16_t index_;

 private:
  std::string place() const;
  State ended(SourceEnd::How how, std::string what);

  std::string name_;
  std::uint64_t number_ = 0;  // of the record begun last, from 1
  std::uint64_t started_ = 0;
  bool has_ended_ = false;
  SourceEnd end_;
};

}  // namespace unspool
