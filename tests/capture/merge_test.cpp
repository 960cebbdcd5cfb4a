#include "capture/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

/// Gives what it was told to: packets of one letter at a time, then an end; '.' is idle once.
class Script : public Source {
 public:
  struct Step {
    char letter;
    std::int64_t time = 0;
  };
  Script(BlockPool& pool, std::vector<Step> steps, SourceEnd end = {}, int fd = -1)
      : block_{pool.take()}, steps_{std::move(steps)}, end_{std::move(end)}, fd_{fd} {}

  /// What the source gave before is overwritten, as it may be.
  State next(Packet& packet) override {
    block_->space()[0] = std::byte{'?'};
    if (at_ == steps_.size()) return State::ended;
    const Step step = steps_[at_++];
    if (step.letter == '.') return State::idle;
    block_->space()[0] = static_cast<std::byte>(step.letter);
    packet = {.time = timestamp_from_ns(step.time), .bytes = block_->space().first(1), .block = block_.get()};
    return State::packet;
  }
  int readable_fd() const override { return fd_; }
  SourceEnd end() const override { return end_; }

 private:
  BlockRef block_;
  std::vector<Step> steps_;
  SourceEnd end_;
  int fd_;
  std::size_t at_ = 0;
};

using Steps = std::vector<Script::Step>;

std::unique_ptr<Source> merged(BlockPool& pool, const std::vector<Steps>& scripts) {
  std::vector<std::unique_ptr<Source>> sources;
  for (const Steps& steps : scripts) sources.push_back(std::make_unique<Script>(pool, steps));
  return merge_by_time(std::move(sources));
}

/// One letter a call, to the end.
std::string letters(Source& source) {
  std::string all;
  for (;;) {
    const std::string next = next_of(source);
    if (next == "(ended)") return all;
    all += next == "(idle)" ? "." : next;
  }
}

TEST(Merge, Orders) {
  struct Row {
    const char* what;
    std::vector<Steps> scripts;
    const char* expected;
  };
  const Row rows[] = {
      {"one", {{{'a', 3}, {'b', 1}}}, "ab"},
      {"in turn", {{{'a', 1}, {'b', 3}}, {{'x', 2}, {'y', 4}}}, "axby"},
      {"one behind the other", {{{'x', 5}, {'y', 6}}, {{'a', 1}, {'b', 2}}}, "abxy"},
      {"ties: the lower source first", {{{'a', 1}, {'b', 1}}, {{'x', 1}, {'y', 1}}}, "abxy"},
      {"ties of three", {{{'a', 2}}, {{'k', 1}, {'l', 2}}, {{'x', 2}}}, "kalx"},
      {"a source that goes back", {{{'a', 5}, {'b', 1}, {'c', 6}}, {{'x', 2}, {'y', 6}}}, "xabcy"},
      {"empty ones", {{}, {{'a', 1}}, {}}, "a"},
      {"nothing", {{}, {}}, ""},
      {"before 1970", {{{'a', 0}}, {{'x', -1}}}, "xa"},
      {"nobody passes an idle one", {{{'a', 1}, {'.'}, {'b', 9}}, {{'x', 2}, {'y', 3}}}, "a.xyb"},
      {"idle again and again", {{{'.'}, {'.'}, {'a', 2}}, {{'.'}, {'x', 1}}}, "..xa"},
      {"idle, then ended", {{{'a', 1}, {'.'}}, {{'x', 2}}}, "a.x"},
  };
  for (const Row& row : rows) {
    BlockPool pool;
    const auto source = merged(pool, row.scripts);
    EXPECT_EQ(letters(*source), row.expected) << row.what;
    EXPECT_EQ(next_of(*source), "(ended)") << row.what;
  }
}

TEST(Merge, OneSourceStaysItself) {
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(std::make_unique<Script>(pool, Steps{}));
  Source* const only = sources[0].get();
  EXPECT_EQ(merge_by_time(std::move(sources)).get(), only);
}

TEST(Merge, EndsAsTheWorstOfAll) {
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  const SourceEnd ends[] = {{}, {SourceEnd::How::corrupt, "b: bad"}, {SourceEnd::How::cut_short, "c: cut"}, {}};
  for (const SourceEnd& end : ends) sources.push_back(std::make_unique<Script>(pool, Steps{{'a', 1}}, end));
  const auto source = merge_by_time(std::move(sources));
  EXPECT_EQ(letters(*source), "aaaa");
  EXPECT_EQ(source->end().how, SourceEnd::How::corrupt);
  EXPECT_EQ(source->end().what, "b: bad; c: cut");
}

TEST(Merge, WaitsForTheSourceThatIsIdle) {
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(std::make_unique<Script>(pool, Steps{{'a', 1}}, SourceEnd{}, -1));
  sources.push_back(std::make_unique<Script>(pool, Steps{{'b', 2}, {'c', 3}, {'c', 4}}, SourceEnd{}, 50));
  sources.push_back(std::make_unique<Script>(pool, Steps{{'x', 2}, {'.'}, {'y', 5}}, SourceEnd{}, 60));
  const auto source = merge_by_time(std::move(sources));
  EXPECT_EQ(source->readable_fd(), 50);
  EXPECT_EQ(next_of(*source), "a");
  EXPECT_EQ(next_of(*source), "b");
  EXPECT_EQ(next_of(*source), "x");
  EXPECT_EQ(next_of(*source), "(idle)");
  EXPECT_EQ(source->readable_fd(), 60);
  EXPECT_EQ(letters(*source), "ccy");
}

TEST(Merge, FilesOfManyBlocks) {
  const ScratchFolder folder;
  constexpr std::uint64_t kPackets = 3'000;
  std::vector<std::string> paths;
  for (std::uint64_t f = 0; f < 3; ++f) {
    PcapImage image;
    for (std::uint64_t i = 0; i < kPackets; ++i) {
      image.packet((i * 3 + f) * 1'000, std::string(500, static_cast<char>('a' + f)));
    }
    paths.push_back(folder.file(std::to_string(f), image.bytes()));
  }
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  for (std::size_t f = 0; f < 3; ++f) {
    sources.push_back(std::move(*open_capture_file({.path = paths[f]}, static_cast<std::uint16_t>(f), pool)));
  }
  const auto source = merge_by_time(std::move(sources));
  const auto all = all_of(*source);
  ASSERT_EQ(all.size(), 3 * kPackets);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].ns, i * 1'000);
    ASSERT_EQ(all[i].source, i % 3);
    ASSERT_EQ(all[i].bytes, std::string(500, static_cast<char>('a' + i % 3)));
  }
  EXPECT_EQ(pool.blocks(), 3U);
}

}  // namespace
}  // namespace unspool::test
