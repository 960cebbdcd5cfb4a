#include "transfer/shard_transfers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace unspool {
namespace {

/// What a job on its way takes beside its bytes, with the record of a transfer that waits for it.
constexpr std::size_t kJobCost = 2048;
constexpr std::size_t kMostRuns = 1024;  // of a buffer with holes between its bytes
/// Gaps count up to here, far beyond any file, so that no sum overflows.
constexpr std::uint64_t kLongest = std::uint64_t{1} << 63U;

}  // namespace

std::unique_ptr<Transfer> ShardTransfers::open(const Session& session, Side from, std::string_view name,
                                               std::string_view app_proto) {
  TransferName file_name{.base = base_name(session, name)};
  file_name.number = numbers_.draw(flow_id(session), file_name.base);
  return std::make_unique<StoredTransfer>(*this, session, from, name, app_proto, std::move(file_name));
}

void ShardTransfers::leave(std::unique_ptr<GrowingFile> file, std::optional<TransferRecord> record) {
  const GrowingFile* const key = file.get();
  leaving_.emplace(key, Leaving{.file = std::move(file), .record = std::move(record)});
}

void ShardTransfers::collect(Timestamp now) {
  for (StoreRecord& record : store_.news_.take()) {
    record.time = now;
    events_.on_store(record);
  }
  for (const WriteJob& job : answers_.take()) take_back(job);
}

void ShardTransfers::finish(Timestamp now) {
  if (store_.threads_) store_.threads_->hurry();
  wait_for_answers();
  collect(now);
}

void ShardTransfers::wait_for_answers() {
  while (!leaving_.empty()) {
    for (const WriteJob& job : answers_.wait()) take_back(job);
  }
}

void ShardTransfers::take_back(const WriteJob& job) {
  const auto left = leaving_.find(job.file);
  if (left->second.record) ended(job, *left->second.record);
  leaving_.erase(left);
}

void ShardTransfers::write_early(const StoredTransfer& but) {
  while (buffered_ > most_buffered_ && holding_.size() > 1) {
    StoredTransfer& next = *holding_.front();
    if (std::exchange(next.wrote_, false) || &next == &but) {
      holding_.splice(holding_.end(), holding_, holding_.begin());
      continue;
    }
    next.flush();
    next.let_go_of_buffer();
  }
}

void ShardTransfers::refused(TransferRecord& record) {
  store_.count_refused();
  record.error = store_.threads_->why_full();
  events_.on_transfer(record);
}

void ShardTransfers::shed(TransferRecord& record) {
  store_.count_shed();
  events_.on_transfer(record);
}

void ShardTransfers::ended(const WriteJob& job, TransferRecord& record) {
  const WriteJob::Outcome& outcome = job.outcome;
  const TransferName& name = job.file->name;
  if (outcome.linked.number > name.number) numbers_.moved_to(flow_id(record.session), name.base, outcome.linked.number);
  store_.add(name.base, outcome);
  record.path = outcome.linked.path;
  record.sha256 = outcome.sha256;
  if (outcome.failure) {
    if (!record.error.empty()) record.error += "; ";
    record.error += outcome.failure->what;
  }
  events_.on_transfer(record);
}

StoredTransfer::StoredTransfer(ShardTransfers& shard, const Session& session, Side from, std::string_view name,
                               std::string_view app_proto, TransferName file_name)
    : shard_{shard},
      session_{session},
      file_{std::make_unique<GrowingFile>(std::move(file_name))},
      lane_{shard.is_inline() ? 0 : shard.store_.threads_->lane_of(flow_id(session))} {
  job_.file = file_.get();
  record_.from = from;
  record_.app_proto = app_proto;
  record_.name = name;
}

void StoredTransfer::write(Bytes bytes) {
  if (ended_) return;
  if (shard_.sheds_ && is_body_) return shed(bytes.size());
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kPiece - job_.bytes.size()));
    take(piece);
    bytes = bytes.subspan(piece.size());
    if (job_.bytes.size() == kPiece || job_.runs.size() == kMostRuns) flush();
  }
}

void StoredTransfer::write_gap(std::uint64_t length, Cause cause) {
  if (ended_ || size_ >= kLongest) return;
  length = std::min(length, kLongest - size_);
  if (length == 0) return;
  record_.gaps.add({.offset = size_, .length = length, .cause = cause});
  size_ += length;
}

/// Fits into a buffer beside what it holds.
void StoredTransfer::take(Bytes bytes) {
  hold(bytes);
  job_.runs.add(size_, bytes.size());
  size_ += bytes.size();
}

/// If need be at the cost of others.
void StoredTransfer::hold(Bytes bytes) {
  const std::size_t before = job_.bytes.room();
  job_.bytes.add(bytes, shard_.spare_);
  const std::size_t room = job_.bytes.room();
  wrote_ = before > 0;
  if (room == before) return;
  if (before == 0) place_ = shard_.holding_.insert(shard_.holding_.end(), this);
  shard_.buffered_ += room - before;
  shard_.write_early(*this);
}

/// Once, when the first bytes of the file are about to be written.
void StoredTransfer::look_at_type() {
  if (job_.runs.empty() || job_.runs[0].offset != 0) return;
  const std::size_t length = std::min<std::size_t>(job_.runs[0].length, FileTypes::kLookedAt);
  const Bytes first = job_.bytes.at(0, length);
  if (first.size() == length) {
    record_.mime_type = shard_.types_.of(first);
    return;
  }
  std::array<std::byte, FileTypes::kLookedAt> together;
  for (std::size_t at = 0; at < length;) {
    const Bytes piece = job_.bytes.at(at, length - at);
    std::copy(piece.begin(), piece.end(), together.begin() + at);
    at += piece.size();
  }
  record_.mime_type = shard_.types_.of(Bytes{together}.first(length));
}

void StoredTransfer::flush() {
  look_at_type();
  if (job_.runs.empty()) return;
  if (!shard_.is_inline()) {
    if (!send(WriteJob::Then::grow)) leave_out();
    return;
  }
  shard_.writer_->run(job_);
  let_go_of_buffer();
  job_.runs.clear();
  job_.written = 0;
}

/// A buffer of so much room is no longer among those that could be written early.
void StoredTransfer::forget_buffer(std::size_t room) {
  if (room == 0) return;
  shard_.holding_.erase(place_);
  shard_.buffered_ -= room;
}

void StoredTransfer::let_go_of_buffer() {
  forget_buffer(job_.bytes.room());
  job_.bytes.clear(shard_.spare_);
}

/// To the store's threads, with all that is not written yet. False when there is no room for it: then it is left as it
/// is. A job without bytes, of a file that they know, always has its place.
bool StoredTransfer::send(WriteJob::Then then) {
  const bool is_free = sent_ && job_.bytes.empty();
  const std::size_t room = job_.bytes.room();
  const std::size_t cost = is_free ? 0 : room + job_.runs.size() * sizeof(Run) + kJobCost;
  job_.then = then;
  job_.size = size_;
  job_.has_holes = !record_.gaps.empty();
  if (!shard_.store_.threads_->push(lane_, job_, cost, shard_.answers_)) return false;
  forget_buffer(room);
  job_ = WriteJob{.file = file_.get()};
  sent_ = true;
  return true;
}

/// What is not written yet becomes a hole.
void StoredTransfer::leave_out() {
  for (std::size_t i = 0; i < job_.runs.size(); ++i) {
    const Run& run = job_.runs[i];
    record_.gaps.insert({.offset = run.offset, .length = run.length, .cause = Cause::limit});
    left_out_ += run.length;
  }
  let_go_of_buffer();
  job_ = WriteJob{.file = file_.get()};
}

/// What would be written becomes a hole.
void StoredTransfer::shed(std::uint64_t length) {
  if (length == 0 || size_ >= kLongest) return;
  if (shed_ == 0) ++shard_.bodies_shed_;
  record_.gaps.add({.offset = size_, .length = length, .cause = Cause::limit});
  size_ += length;
  shed_ += length;
}

/// Whether some of it is written, or on its way there.
bool StoredTransfer::has_file() const { return shard_.is_inline() ? !file_->partial.empty() : sent_; }

void StoredTransfer::why_left_out() {
  if (left_out_ > 0)
    record_.error = fmt::format("{} bytes are left out: {}", left_out_, shard_.store_.threads_->why_full());
  if (shed_ == 0) return;
  record_.error += fmt::format("{}{} bytes are left out: more came than could be followed (overload.shed)",
                               record_.error.empty() ? "" : "; ", shed_);
}

void StoredTransfer::discard() {
  if (ended_) return;
  ended_ = true;
  let_go_of_buffer();
  job_ = WriteJob{.file = file_.get(), .then = WriteJob::Then::remove};
  if (shard_.is_inline()) return shard_.writer_->run(job_);
  if (!sent_) return;
  send(WriteJob::Then::remove);
  shard_.leave(std::move(file_), std::nullopt);
}

void StoredTransfer::end(bool whole) {
  if (ended_) return;
  ended_ = true;
  look_at_type();
  record_.session = session_;
  record_.end = session_.last;
  record_.whole = whole;
  record_.size = size_;
  if (shed_ > 0 && job_.runs.empty() && !has_file()) {
    why_left_out();
    return shard_.shed(record_);
  }
  if (shard_.is_inline()) {
    why_left_out();
    job_.then = WriteJob::Then::finish;
    job_.size = size_;
    job_.has_holes = !record_.gaps.empty();
    shard_.writer_->run(job_);
    let_go_of_buffer();
    return shard_.ended(job_, record_);
  }
  bool is_sent = send(WriteJob::Then::finish);
  if (!is_sent) leave_out();
  if (!is_sent && !sent_) return shard_.refused(record_);
  if (!is_sent) send(WriteJob::Then::finish);
  why_left_out();
  shard_.leave(std::move(file_), std::move(record_));
}

}  // namespace unspool
