// A body on its way to files: its content codings undone, and its parts, if it is multipart, files of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugin/plugin.h"
#include "protocols/content_coding.h"
#include "protocols/multipart.h"

namespace unspool {

/// What the head says about its body.
struct HttpContent {
  Side from = Side::client;
  std::string name;                    // of its transfer
  std::vector<ContentCoding> codings;  // in the order in which they were applied
  std::string boundary;                // of a multipart body; else empty
  bool ranges = false;                 // its parts are ranges of one thing
};

/// Files begin with their first byte or gap, so that an empty body leaves none. Where a coding cannot be undone any
/// further, the file ends unclosed, and the rest of what came is a file of its own, with the coding's extension.
class HttpBody : private Multipart::Reader {
 public:
  HttpBody(const Session& session, Outputs& outputs, const HttpLimits& limits, HttpContent content);

  void write(Bytes bytes);
  void write_gap(std::uint64_t length, Cause cause);
  /// Nothing follows. `whole`: its end was seen.
  void finish(bool whole);

  /// As it came, transfer coding undone; gaps counted.
  std::uint64_t length() const { return length_; }
  /// Why the codings were not undone to the end: "corrupt", "bomb", "gap" or "cut"; empty when they were.
  std::string_view failure() const { return failure_; }
  /// What parts that are ranges say that they are: the first `kRanges`.
  static constexpr std::size_t kRanges = 100;
  const std::vector<std::string>& ranges() const { return ranges_; }

 private:
  /// Codings are undone a block at a time, so that what is made of a corrupt one does not depend on packets.
  static constexpr std::size_t kBlock = 4096;

  void decode_block();
  void write_decoded(Bytes bytes);
  void give_up_decoding(std::string_view failure);
  Transfer& opened(std::unique_ptr<Transfer>& transfer, std::string_view name);
  void on_part(const HttpFields& fields) override;
  void on_part_bytes(Bytes bytes) override;
  void on_part_end(bool whole) override;

  // What each packet of a plain body is about stands together.
  std::uint64_t length_ = 0;
  std::string_view failure_;
  std::unique_ptr<Decoding> decoding_;
  std::unique_ptr<Transfer> whole_;
  std::unique_ptr<Multipart> multipart_;

  const Session& session_;
  Outputs& outputs_;
  const HttpLimits& limits_;
  HttpContent content_;
  std::string block_;    // coded bytes that are not decoded yet
  bool keeping_ = true;  // in prefix_, what came so far
  std::string prefix_;   // coded bytes, until the first decoded one
  std::unique_ptr<Transfer> rest_, part_;
  std::string part_name_;  // of a part that is kept
  std::vector<std::string> ranges_;
  std::size_t parts_ = 0;
};

}  // namespace unspool
