// Keeps what a parser makes of a session, in few bytes however much that is, and looks whether it is well-formed.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "fuzz/json_check.h"
#include "fuzz/pieces.h"
#include "fuzz/target.h"

namespace unspool::test {

class Ledger : public Outputs {
 public:
  /// A line for each transfer and event, in the order in which they ended:
  ///
  ///   server http /cat.png: 92 #ab12cd <3 not_captured>@89 closed
  ///   http "http":{...}
  std::string told;
  /// While one parser is fed: hand_over() lets it go.
  PieceFeeder* feeder = nullptr;

  std::unique_ptr<Transfer> open_transfer(const Session&, Side from, std::string_view name,
                                          std::string_view app_proto) override {
    check(!app_proto.empty(), "a transfer of no protocol");
    return std::make_unique<File>(told, fmt::format("{} {} {}:", unspool::name(from), app_proto, name));
  }
  void emit(const Session&, const Event& event) override {
    check(!event.type.empty() && !event.app_proto.empty(), "an event of no type or protocol");
    check(JsonCheck::is_object(fmt::format("{{{}}}", event.members)), "an event is no JSON");
    told += fmt::format("{} {} {}\n", event.type, event.time.time_since_epoch().count(), event.members);
  }
  void hand_over(const std::array<std::uint64_t, 2>& at) override {
    told += fmt::format("hands over {} {}\n", at[0], at[1]);
    if (feeder != nullptr) feeder->let_go();
  }
  void expect(Expectation) override { told += "expects\n"; }
  void limit_reached(std::string_view setting) override { told += fmt::format("reached {}\n", setting); }

 private:
  class File : public Transfer {
   public:
    File(std::string& told, std::string line) : told_{told}, line_{std::move(line)} {}
    ~File() override {
      end_gap();
      if (discarded_) return;
      told_ += fmt::format("{} {} #{:x}{}{}\n", line_, size_, hash_.value(), gaps_, closed_ ? " closed" : "...");
    }
    void write(Bytes bytes) override {
      check(!closed_ && !discarded_ && !bytes.empty(), "a transfer is written to in vain");
      end_gap();
      hash_.add(bytes);
      size_ += bytes.size();
    }
    void write_gap(std::uint64_t length, Cause cause) override {
      check(!closed_ && !discarded_ && length > 0, "a transfer is given a gap in vain");
      if (cause != cause_) end_gap();
      cause_ = cause;
      gap_ += length;
    }
    void close() override { closed_ = true; }
    void discard() override { discarded_ = true; }

   private:
    void end_gap() {
      if (gap_ > 0) gaps_ += fmt::format(" <{} {}>@{}", gap_, unspool::name(cause_), size_);
      size_ += std::exchange(gap_, 0);
    }
    std::string& told_;
    std::string line_, gaps_;
    Hash hash_;
    std::uint64_t size_ = 0, gap_ = 0;
    Cause cause_ = Cause::end;
    bool closed_ = false, discarded_ = false;
  };
};

}  // namespace unspool::test
