// What is wrong with a text, all of it at once, each with its place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace unspool {

class Complaints {
 public:
  /// So many are told; of the rest, how many there are.
  static constexpr std::size_t kMostTold = 100;

  /// `origin` begins each error. `text` outlives the complaints; without it, errors tell no line and column.
  Complaints(std::string origin, std::optional<std::string_view> text) : origin_{std::move(origin)}, text_{text} {}

  /// `offset`: where in the text, in bytes. `path`: the key that it is about; empty when it is about none.
  void add(std::size_t offset, std::string path, std::string what);
  /// Takes no more complaints about what stands at `offset` or later: it could not be read rightly.
  void ignore_from(std::size_t offset) { end_ = offset; }
  bool empty() const { return complaints_.empty(); }

  /// "origin:line:column: path: what", in the order of the text; columns count characters, both begin at 1.
  std::vector<Error> told() const;

 private:
  struct Complaint {
    std::size_t offset = 0;
    std::string path;
    std::string what;
  };
  std::string place(std::size_t offset) const;

  std::string origin_;
  std::optional<std::string_view> text_;
  std::size_t end_ = std::string_view::npos;
  std::vector<Complaint> complaints_;
};

}  // namespace unspool
