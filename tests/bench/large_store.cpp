// How long a start, a walk, and the removal of the oldest take in a store of many files.
// usage: bench_large_store DIRECTORY FILES
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "transfer/output_directory.h"
#include "transfer/stored_files.h"

namespace {

constexpr unsigned kHosts = 500;

class Watch {
 public:
  void tell(const char* what) {
    const auto now = std::chrono::steady_clock::now();
    fmt::print("{:<50} {:>8.3f} s\n", what, std::chrono::duration<double>(now - began_).count());
    began_ = std::chrono::steady_clock::now();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

bool fill(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < kHosts; ++i) {
    std::filesystem::create_directories(fmt::format("{}/transfers/10.0.{}.{}", directory, i / 250, i % 250));
  }
  std::filesystem::create_directories(directory + "/transfers/10.1.0.1");
  for (unsigned i = 0; i < files; ++i) {
    const std::string host = fmt::format("10.0.{}.{}", i % kHosts / 250, i % 250);
    const std::string name = fmt::format("20061102T{:02}{:02}{:02}.{:06}Z-{}~1066-10.1.0.1~80---{}", i / 3'600'000 % 24,
                                         i / 60'000 % 60, i / 1000 % 60, i % 1000 * 1000, host, i);
    const std::string path = fmt::format("{}/transfers/{}/{}", directory, host, name);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0640);
    const bool done = fd >= 0 && ::write(fd, "x", 1) == 1 && ::close(fd) == 0 &&
                      ::link(path.c_str(), fmt::format("{}/transfers/10.1.0.1/{}", directory, name).c_str()) == 0;
    if (!done) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace unspool;
  if (argc != 3) return fmt::print(stderr, "usage: bench_large_store DIRECTORY FILES\n"), 2;
  const std::string directory = std::string{argv[1]} + "/large_store";
  Watch watch;
  if (!fill(directory, static_cast<unsigned>(std::atoi(argv[2])))) return fmt::print(stderr, "cannot be made\n"), 1;
  watch.tell("making it");
  const auto output = OutputDirectory::open(directory, OutputDirectory::Reuse::append);
  if (!output) return fmt::print(stderr, "{}\n", output.error().what), 1;
  watch.tell("opening the output, as a start does");
  const std::atomic<bool> stop{false};
  const int root = (*output)->root();
  const auto census = take_census(root, 16'384, stop, [](std::string_view, std::uint64_t) {});
  watch.tell("a walk");
  const auto of_one = oldest_of(root, "10.1.0.1", 6'250);
  watch.tell("the oldest 6,250 of the host that all files share");
  for (auto file = census->oldest.rbegin(); file != census->oldest.rend(); ++file) remove_stored(root, file->name);
  watch.tell("removing the oldest 16,384");
  fmt::print("{} files, {} bytes, {} listed of one host\n", census->files, census->bytes, of_one.size());
  std::filesystem::remove_all(directory);
}
