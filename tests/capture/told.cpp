#include "told.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace unspool::test {
namespace {

constexpr int kPatience = 10'000;  // ms

Source::State wait_for(Source& source, Packet& packet) {
  for (;;) {
    const auto state = source.next(packet);
    if (state != Source::State::idle) return state;
    pollfd one{.fd = source.readable_fd(), .events = POLLIN, .revents = 0};
    if (one.fd < 0 || ::poll(&one, 1, kPatience) != 1) {
      ADD_FAILURE() << "idle, and nothing comes";
      return Source::State::ended;
    }
  }
}

}  // namespace

std::string told(Source& source) {
  std::string line;
  for (const Seen& seen : all_of(source)) {
    line += fmt::format("{}:{}", seen.ns, seen.bytes);
    if (seen.wire != seen.bytes.size()) line += fmt::format("/{}", seen.wire);
    line += ' ';
  }
  constexpr const char* kHow[] = {"whole", "cut_short", "corrupt"};
  return line + kHow[static_cast<int>(source.end().how)];
}

std::string told(const std::string& path, std::uint64_t offset) {
  BlockPool pool;
  const auto source = open_capture_file({.path = path, .offset = offset}, 0, pool);
  return source ? told(**source) : "error: " + source.error().what;
}

std::vector<Seen> all_of(Source& source) {
  std::vector<Seen> all;
  for (Packet packet; wait_for(source, packet) == Source::State::packet;) {
    all.push_back({.ns = static_cast<std::uint64_t>(packet.time.time_since_epoch().count()),
                   .record = packet.record,
                   .dropped = packet.dropped,
                   .bytes = std::string{as_text(packet.bytes)},
                   .wire = packet.wire_length,
                   .link_type = packet.link_type,
                   .source = packet.source});
  }
  return all;
}

std::string next_of(Source& source) {
  Packet packet;
  switch (source.next(packet)) {
    case Source::State::packet: return std::string{as_text(packet.bytes)};
    case Source::State::idle: return "(idle)";
    case Source::State::ended: return "(ended)";
  }
  return {};
}

StandardInput::StandardInput(int fd) : before_{::dup(STDIN_FILENO)} { ::dup2(fd, STDIN_FILENO); }

StandardInput::~StandardInput() {
  if (before_ < 0) {
    ::close(STDIN_FILENO);
    return;
  }
  ::dup2(before_, STDIN_FILENO);
  ::close(before_);
}

StandardPipe::StandardPipe() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const Fd in{ends[0]};
  out_ = Fd{ends[1]};
  in_ = std::make_unique<StandardInput>(in.get());
}

void StandardPipe::write(std::string_view bytes) const { EXPECT_EQ(write_all(out_.get(), as_bytes(bytes)), 0); }

void StandardPipe::close() { out_.reset(); }

}  // namespace unspool::test
