#include "capture/merge.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace unspool {
namespace {

/// A head stays valid without a BlockRef: its source is asked for the next one only after it was given, and the packet
/// given only with the next call, as Source promises. So blocks that nobody else holds can be used again.
class Merge : public Source {
 public:
  explicit Merge(std::vector<std::unique_ptr<Source>> sources)
      : sources_{std::move(sources)}, heads_(sources_.size()), headless_(sources_.size()) {
    for (std::size_t i = 0; i < headless_.size(); ++i) headless_[i] = i;
  }

  State next(Packet& packet) override {
    look_ahead();
    if (!headless_.empty()) return State::idle;
    if (queue_.empty()) return State::ended;
    const std::size_t source = queue_.front().second;
    std::pop_heap(queue_.begin(), queue_.end(), std::greater{});
    queue_.pop_back();
    headless_.push_back(source);
    packet = heads_[source];
    return State::packet;
  }

  int readable_fd() const override {
    for (const std::size_t source : headless_) {
      if (const int fd = sources_[source]->readable_fd(); fd >= 0) return fd;
    }
    for (const auto& source : sources_) {
      if (const int fd = source->readable_fd(); fd >= 0) return fd;
    }
    return -1;
  }

  Progress progress() const override {
    Progress all;
    for (const auto& source : sources_) {
      const Progress one = source->progress();
      if (one.of == 0) return {};
      all.bytes += one.bytes;
      all.of += one.of;
    }
    return all;
  }

  SourceEnd end() const override {
    SourceEnd all;
    for (const auto& source : sources_) {
      const SourceEnd one = source->end();
      all.how = std::max(all.how, one.how);
      if (!all.what.empty() && !one.what.empty()) all.what += "; ";
      all.what += one.what;
    }
    return all;
  }

 private:
  using Head = std::pair<Timestamp, std::size_t>;  // of which source; so that equal times are in the sources' order

  /// Asks the headless sources. The idle ones stay headless, ended ones are asked no more.
  void look_ahead() {
    std::erase_if(headless_, [this](std::size_t source) {
      const State state = sources_[source]->next(heads_[source]);
      if (state == State::packet) {
        queue_.emplace_back(heads_[source].time, source);
        std::push_heap(queue_.begin(), queue_.end(), std::greater{});
      }
      return state != State::idle;
    });
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Packet> heads_;          // by source
  std::vector<Head> queue_;            // a heap of the heads, the earliest on top
  std::vector<std::size_t> headless_;  // sources to be asked: neither ended nor in the queue
};

}  // namespace

std::unique_ptr<Source> merge_by_time(std::vector<std::unique_ptr<Source>> sources) {
  assert(!sources.empty());
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<Merge>(std::move(sources));
}

}  // namespace unspool
