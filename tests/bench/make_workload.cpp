// Writes a workload as a capture (pcap, microseconds), and what a perfect reader finds in it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>

#include "bench/workload.h"
#include "support/capture_file.h"

namespace unspool::bench {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

void write(std::FILE* file, std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), file); }

void write_record(std::FILE* file, Timestamp time, std::string_view frame) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto length = static_cast<std::uint32_t>(frame.size());
  const std::array<std::uint32_t, 4> header{static_cast<std::uint32_t>(micros / 1'000'000),
                                            static_cast<std::uint32_t>(micros % 1'000'000), length, length};
  write(file, {reinterpret_cast<const char*>(header.data()), sizeof header});
  write(file, frame);
}

/// A line a side: client, port, server, port, side, bytes to be seen, holes as "offset+length,...", SHA-256 of the
/// bytes.
void write_truth(std::FILE* file, MadeFlow& flow) {
  for (std::size_t side = 0; side < 2; ++side) {
    StreamTruth& truth = flow.truth()[side];
    std::string holes;
    for (const auto& hole : truth.holes)
      holes += fmt::format("{}{}+{}", holes.empty() ? "" : ",", hole.offset, hole.length);
    const Plan& plan = flow.plan();
    write(file, fmt::format("{} {} {} {} {} {} {} {}\n", to_string(plan.client.address), plan.client.port,
                            to_string(plan.server.address), plan.server.port, side == 0 ? "client" : "server",
                            truth.seen, holes.empty() ? "-" : holes, hex(truth.seen_bytes.finish())));
  }
}

int run(const Order& order, const std::string& path, const std::string& truth_path) {
  const File file{std::fopen(path.c_str(), "wb")};
  const File truth{truth_path.empty() ? nullptr : std::fopen(truth_path.c_str(), "w")};
  if (!file || (!truth && !truth_path.empty())) {
    fmt::print(stderr, "make_workload: {}: {}\n", file ? truth_path : path, std::strerror(errno));
    return 1;
  }
  write(file.get(), test::PcapImage{}.bytes());
  const Totals totals =
      make(order, {.frame = [&](Timestamp time, std::string_view frame) { write_record(file.get(), time, frame); },
                   .over = [&](MadeFlow& flow) { write_truth(truth.get(), flow); }});
  fmt::print("packets {}\nbytes {}\nsessions {}\npayload {}\nunseen {}\n", totals.packets, totals.bytes,
             totals.sessions, totals.payload, totals.unseen);
  if (std::fflush(file.get()) == 0 && std::ferror(file.get()) == 0 && (!truth || std::fflush(truth.get()) == 0))
    return 0;
  fmt::print(stderr, "make_workload: {} cannot be written: {}\n", path, std::strerror(errno));
  return 1;
}

}  // namespace
}  // namespace unspool::bench

int main(int count, char** words) {
  using namespace unspool::bench;
  CLI::App app{"Writes a workload as a capture: bulk, web, lossy, smallpkt, brief, synflood, idle."};
  std::string name, path, truth;
  Order order;
  app.add_option("workload", name)->required();
  app.add_option("file", path)->required();
  app.add_option("--amount", order.amount, "bytes of the file, about (bulk, web, lossy, smallpkt), else sessions");
  app.add_option("--at-once", order.at_once, "sessions whose packets are mixed");
  app.add_option("--seed", order.seed);
  app.add_option("--packets-a-second", order.packets_a_second, "by their stamps")->check(CLI::PositiveNumber);
  app.add_option("--truth", truth, "where to write what is to be seen of each stream");
  CLI11_PARSE(app, count, words);
  const auto workload = workload_named(name);
  if (!workload) return fmt::print(stderr, "make_workload: there is no workload {}\n", name), 2;
  order.workload = *workload;
  order.with_truth = !truth.empty();
  return run(order, path, truth);
}
