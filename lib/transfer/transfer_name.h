// How transfers are called on disk: when, who and what, in one component of a path that is safe whatever the wire said.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "plugin/session.h"

namespace unspool {

/// A file's name is its base, "~2", "~3" ... where a name comes again, and ".incomplete" where something is missing. No
/// base contains a tilde behind its "---", or ends in the mark: what looks like them is ours.
struct TransferName {
  static constexpr unsigned kLastNumber = 999'999;

  std::string base;  // "<start>-<client>~<port>-<server>~<port>---<name>"
  unsigned number = 1;

  std::string file(bool incomplete) const;
};

/// The base for a transfer of this session. `name` may be any bytes: all but ASCII letters, digits and a few harmless
/// marks is written as %XX. So long that number and mark still fit into NAME_MAX; when it is cut, it keeps its
/// extension.
std::string base_name(const Session& session, std::string_view name);

/// The name that a file was given, without its mark; nothing when it was not made here.
std::optional<TransferName> parse_transfer_name(std::string_view file);

/// The texts of client's and server's address in a base. Empty when it was not made here.
std::array<std::string_view, 2> hosts_of(std::string_view base);

/// Which number a name gets: the order in which transfers of one session were opened. One for each shard.
class NameNumbers {
 public:
  /// Names kept; then all are forgotten. That costs no file: a name that is taken on disk gets the next free number
  /// there.
  static constexpr std::size_t kMost = std::size_t{1} << 18U;

  /// `session` is its flow_id.
  unsigned draw(std::uint64_t session, std::string_view base);
  /// The file got this number instead, since those before it are taken on disk: the next one begins behind it.
  void moved_to(std::uint64_t session, std::string_view base, unsigned number);
  void forget(std::uint64_t session);

 private:
  /// Last numbers drawn, by the hash of their names: two names of one hash are merely numbered together.
  using Last = std::unordered_map<std::size_t, unsigned>;
  std::unordered_map<std::uint64_t, Last> sessions_;
  std::size_t kept_ = 0;
};

}  // namespace unspool
