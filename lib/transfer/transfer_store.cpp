#include "transfer/transfer_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "transfer/shard_transfers.h"

namespace unspool {
namespace {

constexpr std::size_t kBuffered = std::size_t{128} << 20U;  // bytes that are not written yet, in all shards together

}  // namespace

TransferStore::TransferStore(const OutputDirectory& output, const TransferSettings& settings, unsigned shards)
    : output_{output}, settings_{settings}, shards_{std::max(shards, 1U)} {}

std::unique_ptr<TransferSink> TransferStore::sink(EventSink& events) {
  FileWriter writer{output_, settings_.digest, settings_.open_files / shards_};
  return std::make_unique<ShardTransfers>(*this, events, std::move(writer), FileTypes{settings_.types},
                                          kBuffered / shards_);
}

std::optional<Error> TransferStore::failed() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

TransferTotals TransferStore::totals() const {
  return {.files = files_, .bytes = bytes_, .incomplete = incomplete_, .not_stored = not_stored_};
}

void TransferStore::add(const WriteJob::Outcome& outcome) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  if (outcome.linked.path.empty()) {
    not_stored_.fetch_add(1, kRelaxed);
  } else {
    files_.fetch_add(1, kRelaxed);
    bytes_.fetch_add(outcome.stored, kRelaxed);
    if (outcome.incomplete) incomplete_.fetch_add(1, kRelaxed);
  }
  if (!outcome.failure || outcome.too_long) return;  // too long: a fact of the capture, no trouble with the disk
  const std::lock_guard lock{mutex_};
  if (!first_failure_)
    first_failure_ = Error{fmt::format("{}: not all transfers are stored: {}", output_.path(), outcome.failure->what)};
}

}  // namespace unspool
