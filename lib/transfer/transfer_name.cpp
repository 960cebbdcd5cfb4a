#include "transfer/transfer_name.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <functional>

namespace unspool {
namespace {

constexpr std::string_view kMark = ".incomplete";
constexpr std::string_view kSeparator = "---";
constexpr std::size_t kLongestNumber = std::string_view{"~999999"}.size();
constexpr std::size_t kLongestBase = NAME_MAX - kLongestNumber - kMark.size();
constexpr std::size_t kLongestExtension = 16;  // longer ones are hardly meant as one

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr bool is_harmless(char c) {
  return is_alphanumeric(c) || std::string_view{"._-=,+@"}.find(c) != std::string_view::npos;
}

void append_encoded(std::string& out, char c) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[octet >> 4U];
  out += kDigits[octet & 0xfU];
}

/// ".png" of "images/cat.png": letters and digits behind the last dot of the last component.
std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || name[dot - 1] == '/' || name.size() - dot > kLongestExtension) return {};
  const std::string_view extension = name.substr(dot);
  if (extension.starts_with(kMark)) return {};
  return std::all_of(extension.begin() + 1, extension.end(), is_alphanumeric) ? extension : std::string_view{};
}

/// At most `most` characters, never with half a %XX at a cut. `most` is larger than an extension.
std::string encoded(std::string_view name, std::size_t most) {
  const std::string_view extension = extension_of(name);
  std::string out;
  std::size_t fits = 0;  // as much of `out` leaves room for the extension
  for (std::size_t i = 0; i < name.size() && out.size() <= most; ++i) {
    if (out.size() + extension.size() <= most) fits = out.size();
    const bool like_our_mark = name.substr(i).starts_with(kMark);
    if (is_harmless(name[i]) && !like_our_mark) {
      out += name[i];
    } else {
      append_encoded(out, name[i]);
    }
  }
  if (out.size() <= most) return out;
  out.resize(fits);
  return out.append(extension);
}

bool is_address(std::string_view text) {
  std::array<unsigned char, 16> octets;
  const std::string copy{text};
  return ::inet_pton(AF_INET, copy.c_str(), octets.data()) == 1 ||
         ::inet_pton(AF_INET6, copy.c_str(), octets.data()) == 1;
}

/// "10.0.0.5" of "10.0.0.5~1066"; empty for anything else.
std::string_view host_of(std::string_view endpoint) {
  const std::string_view host = endpoint.substr(0, endpoint.find('~'));
  return host.size() < endpoint.size() && is_address(host) ? host : std::string_view{};
}

}  // namespace

std::string TransferName::file(bool incomplete) const {
  std::string name = base;
  if (number > 1) name.append("~").append(std::to_string(number));
  if (incomplete) name += kMark;
  return name;
}

std::string base_name(const Session& session, std::string_view name) {
  const Endpoint& client = session.client();
  const Endpoint& server = session.server();
  std::string base = fmt::format("{}-{}~{}-{}~{}{}", name_time(session.start), to_string(client.address), client.port,
                                 to_string(server.address), server.port, kSeparator);
  return base.append(encoded(name, kLongestBase - base.size()));
}

std::optional<TransferName> parse_transfer_name(std::string_view file) {
  if (file.ends_with(kMark)) file.remove_suffix(kMark.size());
  if (hosts_of(file)[0].empty()) return std::nullopt;
  const std::size_t tilde = file.find('~', file.find(kSeparator));
  TransferName name{.base = std::string(file.substr(0, tilde))};
  if (tilde == file.npos) return name;
  const char* const end = file.data() + file.size();
  const auto [read, error] = std::from_chars(file.data() + tilde + 1, end, name.number);
  if (error != std::errc{} || read != end || name.number > TransferName::kLastNumber) return std::nullopt;
  return name;
}

std::array<std::string_view, 2> hosts_of(std::string_view base) {
  const std::string_view head = base.substr(0, base.find(kSeparator));
  const std::size_t client = head.find('-'), server = head.rfind('-');
  if (head.size() == base.size() || client == head.npos || client == server) return {};
  const std::array hosts{host_of(head.substr(client + 1, server - client - 1)), host_of(head.substr(server + 1))};
  if (hosts[0].empty() || hosts[1].empty()) return {};
  return hosts;
}

unsigned NameNumbers::draw(std::uint64_t session, std::string_view base) {
  if (kept_ == kMost) {
    sessions_.clear();
    kept_ = 0;
  }
  const auto [place, is_new] = sessions_[session].try_emplace(std::hash<std::string_view>{}(base), 0);
  if (is_new) ++kept_;
  if (place->second < TransferName::kLastNumber) ++place->second;
  return place->second;
}

void NameNumbers::moved_to(std::uint64_t session, std::string_view base, unsigned number) {
  const auto names = sessions_.find(session);
  if (names == sessions_.end()) return;
  const auto place = names->second.find(std::hash<std::string_view>{}(base));
  if (place != names->second.end()) place->second = std::max(place->second, number);
}

void NameNumbers::forget(std::uint64_t session) {
  const auto names = sessions_.find(session);
  if (names == sessions_.end()) return;
  kept_ -= names->second.size();
  sessions_.erase(names);
}

}  // namespace unspool
