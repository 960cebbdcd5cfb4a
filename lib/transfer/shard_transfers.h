// The shard's half of the store: which name a transfer gets, what of it is not written yet, and what is said when it
// ends.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "plugin/plugin.h"
#include "plugin/sink.h"
#include "transfer/file_type.h"
#include "transfer/file_writer.h"
#include "transfer/transfer_name.h"
#include "transfer/transfer_store.h"
#include "transfer/writer_threads.h"

namespace unspool {

class StoredTransfer;

class ShardTransfers final : public TransferSink {
 public:
  /// Jobs are run by `writer`, or, without one, by the store's threads. At most `buffered` bytes are held for later;
  /// then those of transfers that were quiet for long are written early.
  ShardTransfers(TransferStore& store, EventSink& events, std::optional<FileWriter> writer, FileTypes types,
                 std::size_t buffered)
      : store_{store},
        events_{events},
        writer_{std::move(writer)},
        types_{std::move(types)},
        most_buffered_{buffered} {}
  ~ShardTransfers() override { wait_for_answers(); }

  std::unique_ptr<Transfer> open(const Session& session, Side from, std::string_view name,
                                 std::string_view app_proto) override;
  void session_ended(const Session& session) override { numbers_.forget(flow_id(session)); }
  void collect(Timestamp now) override;
  void finish(Timestamp now) override;
  void shed_bodies(bool shed) override { sheds_ = shed; }
  std::uint64_t bodies_shed() const override { return bodies_shed_; }

 private:
  friend class StoredTransfer;
  /// A file whose last job is on its way. Without a record nothing is said of it.
  struct Leaving {
    std::unique_ptr<GrowingFile> file;
    std::optional<TransferRecord> record;
  };

  bool is_inline() const { return writer_.has_value(); }
  void leave(std::unique_ptr<GrowingFile> file, std::optional<TransferRecord> record);
  void wait_for_answers();
  void take_back(const WriteJob& job);
  /// Its file is done: counts it, and says so.
  void ended(const WriteJob& job, TransferRecord& record);
  /// It has no file, since the writers have too much to do.
  void refused(TransferRecord& record);
  /// It has no file, for the reason that it tells.
  void shed(TransferRecord& record);
  /// Until no more is held than may be: those that were quiet since they were passed over last, each in its turn, `but`
  /// for one.
  void write_early(const StoredTransfer& but);

  TransferStore& store_;
  EventSink& events_;
  std::optional<FileWriter> writer_;
  FileTypes types_;
  NameNumbers numbers_;
  Answers answers_;
  std::unordered_map<const GrowingFile*, Leaving> leaving_;
  std::size_t most_buffered_;
  std::size_t buffered_ = 0;            // room taken by the buffers of all transfers
  std::list<StoredTransfer*> holding_;  // those with a buffer, in the order in which they are written early
  SparePieces spare_;
  bool sheds_ = false;             // more comes than can be followed: what is written is left out
  std::uint64_t bodies_shed_ = 0;  // transfers of which something was
};

/// One transfer, as its parser holds it.
class StoredTransfer final : public Transfer {
 public:
  /// A file is opened when so much has come, or at its end.
  static constexpr std::size_t kPiece = JobBytes::kMost;

  /// `session` outlives it, as it outlives its parser.
  StoredTransfer(ShardTransfers& shard, const Session& session, Side from, std::string_view name,
                 std::string_view app_proto, TransferName file_name);
  ~StoredTransfer() override { end(false); }

  void write(Bytes bytes) override;
  void write_gap(std::uint64_t length, Cause cause) override;
  void close() override { end(true); }
  void discard() override;
  void keep_under_load() override { is_body_ = false; }

 private:
  friend class ShardTransfers;
  void take(Bytes bytes);
  void hold(Bytes bytes);
  void look_at_type();
  void flush();
  void forget_buffer(std::size_t room);
  void let_go_of_buffer();
  bool send(WriteJob::Then then);
  void leave_out();
  void shed(std::uint64_t length);
  bool has_file() const;
  void why_left_out();
  void end(bool whole);

  // What each write is about stands first.
  ShardTransfers& shard_;
  std::uint64_t size_ = 0;  // gaps counted
  bool ended_ = false;
  bool wrote_ = false;   // since it was passed over, when others were written early
  bool is_body_ = true;  // may be shed
  bool sent_ = false;    // some of it, to the store's threads
  WriteJob job_;         // what is not written yet
  const Session& session_;
  std::unique_ptr<GrowingFile> file_;  // its writer's
  unsigned lane_;                      // of the store's threads, if they write
  TransferRecord record_;
  std::list<StoredTransfer*>::iterator place_;  // among those with a buffer
  std::uint64_t left_out_ = 0;                  // bytes, for lack of room
  std::uint64_t shed_ = 0;                      // bytes, since more came than could be followed
};

}  // namespace unspool
