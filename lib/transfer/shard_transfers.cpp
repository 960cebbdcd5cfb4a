#include "transfer/shard_transfers.h"

#include <algorithm>

namespace unspool {
namespace {

constexpr std::size_t kFirstRoom = 2U << 10U;  // most transfers are small
constexpr std::size_t kMostRuns = 1024;        // of a buffer with holes between its bytes
/// Gaps count up to here, far beyond any file, so that no sum overflows.
constexpr std::uint64_t kLongest = std::uint64_t{1} << 63U;

}  // namespace

std::unique_ptr<Transfer> ShardTransfers::open(const Session& session, Side from, std::string_view name,
                                               std::string_view app_proto) {
  TransferName file_name{.base = base_name(session, name)};
  file_name.number = numbers_.draw(flow_id(session), file_name.base);
  return std::make_unique<StoredTransfer>(*this, session, from, name, app_proto, std::move(file_name));
}

void ShardTransfers::ended(const WriteJob& job, TransferRecord& record) {
  const WriteJob::Outcome& outcome = job.outcome;
  const TransferName& name = job.file->name;
  if (outcome.linked.number > name.number) numbers_.moved_to(flow_id(record.session), name.base, outcome.linked.number);
  store_.add(outcome);
  record.path = outcome.linked.path;
  record.sha256 = outcome.sha256;
  if (outcome.failure) record.error = outcome.failure->what;
  events_.on_transfer(record);
}

StoredTransfer::StoredTransfer(ShardTransfers& shard, const Session& session, Side from, std::string_view name,
                               std::string_view app_proto, TransferName file_name)
    : shard_{shard}, session_{session}, file_{std::make_unique<GrowingFile>(std::move(file_name))} {
  job_.file = file_.get();
  record_.from = from;
  record_.app_proto = app_proto;
  record_.name = name;
}

void StoredTransfer::write(Bytes bytes) {
  if (ended_) return;
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kPiece - job_.bytes.size()));
    take(piece);
    bytes = bytes.subspan(piece.size());
    if (job_.bytes.size() == kPiece || job_.runs.size() == kMostRuns) flush();
  }
}

void StoredTransfer::write_gap(std::uint64_t length, Cause cause) {
  if (ended_ || record_.size >= kLongest) return;
  length = std::min(length, kLongest - record_.size);
  if (length == 0) return;
  record_.gaps.add({.offset = record_.size, .length = length, .cause = cause});
  record_.size += length;
}

/// Fits into a buffer beside what it holds.
void StoredTransfer::take(Bytes bytes) {
  reserve(bytes.size());
  job_.bytes.insert(job_.bytes.end(), bytes.begin(), bytes.end());
  if (job_.runs.empty() || job_.runs.back().offset + job_.runs.back().length != record_.size) {
    job_.runs.push_back({.offset = record_.size});
  }
  job_.runs.back().length += bytes.size();
  record_.size += bytes.size();
}

/// Makes room for `more` bytes, if need be at the cost of transfers that were quiet longer; this one is the least quiet
/// from now on.
void StoredTransfer::reserve(std::size_t more) {
  std::list<StoredTransfer*>& holding = shard_.holding_;
  const std::size_t before = job_.bytes.capacity();
  const std::size_t needed = job_.bytes.size() + more;
  if (before == 0) {
    place_ = holding.insert(holding.end(), this);
  } else {
    holding.splice(holding.end(), holding, place_);
  }
  if (needed <= before) return;
  job_.bytes.reserve(std::min(kPiece, std::max({needed, 2 * before, kFirstRoom})));
  shard_.buffered_ += job_.bytes.capacity() - before;
  while (shard_.buffered_ > shard_.most_buffered_ && holding.front() != this) {
    StoredTransfer& quiet = *holding.front();
    quiet.flush();
    quiet.let_go_of_buffer();
  }
}

/// Once, when the first bytes of the file are about to be written.
void StoredTransfer::look_at_type() {
  if (job_.runs.empty() || job_.runs.front().offset != 0) return;
  record_.mime_type = shard_.types_.of(Bytes{job_.bytes}.first(job_.runs.front().length));
}

void StoredTransfer::flush() {
  look_at_type();
  if (!job_.runs.empty()) shard_.run(job_);
  job_.bytes.clear();
  job_.runs.clear();
}

void StoredTransfer::let_go_of_buffer() {
  if (job_.bytes.capacity() == 0) return;
  shard_.holding_.erase(place_);
  shard_.buffered_ -= job_.bytes.capacity();
  job_.bytes = std::vector<std::byte>();  // {} would keep its room
}

void StoredTransfer::discard() {
  if (ended_) return;
  ended_ = true;
  job_.then = WriteJob::Then::remove;
  shard_.run(job_);
  let_go_of_buffer();
}

void StoredTransfer::end(bool whole) {
  if (ended_) return;
  ended_ = true;
  look_at_type();
  job_.then = WriteJob::Then::finish;
  job_.size = record_.size;
  job_.has_holes = !record_.gaps.empty();
  shard_.run(job_);
  let_go_of_buffer();

  record_.session = session_;
  record_.end = session_.last;
  record_.whole = whole;
  shard_.ended(job_, record_);
}

}  // namespace unspool
