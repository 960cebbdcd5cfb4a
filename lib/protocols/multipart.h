// Takes multipart bodies apart (RFC 2046, 5.1), as bytes come.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "protocols/http_head.h"
#include "protocols/http_limits.h"

namespace unspool {

class Multipart {
 public:
  /// Who takes the parts, one after the other.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void on_part(const HttpFields& fields) = 0;
    virtual void on_part_bytes(Bytes bytes) = 0;
    /// `whole`: the next boundary was seen, and nothing is missing.
    virtual void on_part_end(bool whole) = 0;
  };

  /// `boundary`: the parameter of the content type, not empty.
  Multipart(std::string_view boundary, Reader& reader, const HttpLimits& limits);

  void feed(Bytes bytes);
  /// Something is missing, perhaps a boundary: the part at hand is not whole, and the next begins at the next boundary.
  void pass_gap();
  void finish();

 private:
  enum class State : std::uint8_t { preamble, boundary_line, header, content, over };

  void go_on();
  bool look_for_boundary();
  bool take_boundary_line();
  bool take_header();
  void give(std::size_t n);

  Reader& reader_;
  const HttpLimits& limits_;
  std::string delimiter_;        // LF, two hyphens, the boundary; a CR before it is part of it
  std::string text_;             // what may be a delimiter's beginning, or a header so far
  std::size_t not_content_ = 0;  // at its front, of a part's
  State state_ = State::preamble;
  bool in_part_ = false;
};

}  // namespace unspool
