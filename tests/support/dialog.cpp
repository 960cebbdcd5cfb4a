#include "support/dialog.h"

#include <algorithm>

namespace unspool::test {

Dialog::Dialog(std::uint16_t port, std::uint16_t client_port, const char* client, const char* server)
    : hosts_{client, server}, ports_{client_port, port} {}

Tcp Dialog::header(unsigned from) const {
  Tcp segment = tcp(ports_[from], ports_[1 - from]);
  segment.seq(next_[from]).ack(next_[1 - from]);
  return segment;
}

Dialog& Dialog::add(unsigned from, const Tcp& segment) {
  packets_.emplace_back(now_, eth() / ip4(hosts_[from], hosts_[1 - from]) / segment);
  now_ += std::chrono::milliseconds(1);
  return *this;
}

Dialog& Dialog::open() {
  add(0, tcp(ports_[0], ports_[1]).seq(next_[0]++).syn());
  add(1, header(1).syn());
  ++next_[1];
  return add(0, header(0));
}

Dialog& Dialog::say(unsigned from, std::string_view text) {
  add(from, header(from).psh().payload(std::string{text}));
  next_[from] += static_cast<std::uint32_t>(text.size());
  return *this;
}

Dialog& Dialog::client_resets() { return add(0, header(0).rst()); }

Dialog& Dialog::swap(std::size_t i, std::size_t j) {
  std::swap(packets_.at(i).second, packets_.at(j).second);
  return *this;
}

Dialog& Dialog::lose(std::size_t i) {
  packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(i));
  return *this;
}

Dialog& Dialog::repeat(std::size_t i) {
  const auto packet = packets_.at(i);
  packets_.insert(packets_.begin() + static_cast<std::ptrdiff_t>(i), packet);
  return *this;
}

Stamped together(const std::vector<Dialog>& dialogs) {
  Stamped all;
  for (const Dialog& dialog : dialogs) all.insert(all.end(), dialog.packets().begin(), dialog.packets().end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

}  // namespace unspool::test
