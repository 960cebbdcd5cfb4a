#include "protocols/http_body.h"

#include <algorithm>

namespace unspool {
namespace {

constexpr std::string_view kAppProto = "http";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 8187: charset'language'percent-encoded
std::string extended_value(std::string_view value) {
  const std::size_t quote = value.find('\'');
  const std::size_t second = quote == value.npos ? quote : value.find('\'', quote + 1);
  if (second != value.npos) value.remove_prefix(second + 1);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escaped =
        value[i] == '%' && i + 2 < value.size() && hex_digit(value[i + 1]) >= 0 && hex_digit(value[i + 2]) >= 0;
    text += escaped ? static_cast<char>(hex_digit(value[i + 1]) * 16 + hex_digit(value[i + 2])) : value[i];
    if (escaped) i += 2;
  }
  return text;
}

/// What the sender calls the file; empty: it is none.
std::string file_name(const HttpFields& fields) {
  const std::string_view disposition = fields.first("content-disposition");
  if (const auto name = parameter(disposition, "filename*")) return extended_value(*name);
  return parameter(disposition, "filename").value_or("");
}

}  // namespace

HttpBody::HttpBody(const Session& session, Outputs& outputs, const HttpLimits& limits, HttpContent content)
    : session_{session}, outputs_{outputs}, limits_{limits}, content_{std::move(content)} {
  if (!content_.codings.empty()) {
    decoding_ = std::make_unique<Decoding>(content_.codings, limits_, [this](Bytes bytes) { write_decoded(bytes); });
  }
  if (!content_.boundary.empty() && content_.boundary.size() <= limits_.boundary_bytes) {
    Multipart::Reader& reader = *this;
    multipart_ = std::make_unique<Multipart>(content_.boundary, reader, limits_);
  }
}

Transfer& HttpBody::opened(std::unique_ptr<Transfer>& transfer, std::string_view name) {
  if (!transfer) transfer = outputs_.open_transfer(session_, content_.from, name, kAppProto);
  return *transfer;
}

void HttpBody::write(Bytes bytes) {
  length_ += bytes.size();
  if (bytes.empty()) return;
  if (failure_.empty() && !decoding_) return write_decoded(bytes);
  while (failure_.empty() && !bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kBlock - block_.size()));
    bytes = bytes.subspan(piece.size());
    block_ += as_text(piece);
    if (block_.size() == kBlock) decode_block();
  }
  if (!bytes.empty()) opened(rest_, content_.name).write(bytes);
}

void HttpBody::decode_block() {
  keeping_ = keeping_ && prefix_.size() + block_.size() <= limits_.decoding_prefix;
  if (keeping_) prefix_ += block_;
  Bytes bytes = as_bytes(block_);
  const auto verdict = decoding_->feed(bytes);
  keeping_ = keeping_ && !decoding_->made_any();
  if (!keeping_) prefix_ = {};
  if (verdict != Decoding::Verdict::good) {
    if (verdict == Decoding::Verdict::bomb) outputs_.limit_reached("http.decoded_bytes");
    give_up_decoding(verdict == Decoding::Verdict::bomb ? "bomb" : "corrupt");
    if (!keeping_ && !bytes.empty()) opened(rest_, content_.name).write(bytes);
  }
  block_.clear();
}

void HttpBody::write_gap(std::uint64_t length, Cause cause) {
  length_ += length;
  if (!block_.empty()) decode_block();
  if (decoding_ && failure_.empty()) give_up_decoding("gap");
  if (!failure_.empty()) return opened(rest_, content_.name).write_gap(length, cause);
  if (multipart_) multipart_->pass_gap();
  opened(whole_, content_.name).write_gap(length, cause);
}

void HttpBody::write_decoded(Bytes bytes) {
  if (!whole_) opened(whole_, content_.name);
  whole_->write(bytes);
  if (multipart_) multipart_->feed(bytes);
}

/// From here on what comes goes into a file as it is; where nothing was decoded, all of it.
void HttpBody::give_up_decoding(std::string_view failure) {
  failure_ = failure;
  for (const ContentCoding coding : content_.codings) content_.name += extension(coding);
  if (whole_ && decoding_->done()) whole_->close();  // only junk follows
  whole_.reset();
  if (multipart_) multipart_->finish();
  multipart_.reset();
  if (!prefix_.empty()) opened(rest_, content_.name).write(as_bytes(prefix_));
  prefix_ = {};
}

void HttpBody::finish(bool whole) {
  if (!block_.empty()) decode_block();
  if (multipart_) multipart_->finish();
  if (whole && length_ > 0 && decoding_ && failure_.empty() && !decoding_->done()) give_up_decoding("cut");
  if (whole_ && whole) whole_->close();
  if (rest_ && whole) rest_->close();
  whole_.reset();
  rest_.reset();
}

// ---- parts

void HttpBody::on_part(const HttpFields& fields) {
  part_name_ = content_.ranges ? content_.name : file_name(fields);
  if (content_.ranges && ranges_.size() < kRanges) {
    ranges_.emplace_back(fields.first("content-range").substr(0, limits_.field_bytes));
  }
  if (!part_name_.empty() && ++parts_ > limits_.parts) part_name_.clear();
}

void HttpBody::on_part_bytes(Bytes bytes) {
  if (!part_name_.empty()) opened(part_, part_name_).write(bytes);
}

void HttpBody::on_part_end(bool whole) {
  if (part_ && whole) part_->close();
  part_.reset();
}

}  // namespace unspool
