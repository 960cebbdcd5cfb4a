// Protocols that read like the conversations that they follow: C++20 coroutines over Parser.
//
//   Conversation Xmodem::talk(Followed& session) {
//     auto file = session.open_transfer(Side::client, "data.bin");
//     session.ignore(Side::server);
//     for (;;) {
//       if (co_await session.client().u8() != kBlock) continue;
//       co_await session.client().skip(2);
//       file->write(co_await session.client().read(128));
//     }
//   }
//
//   std::unique_ptr<Parser> Xmodem::follow(const Session& session, Outputs& outputs) {
//     return converse(session, outputs, name(), [](Followed& s) { return talk(s); });
//   }
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "plugin/input.h"
#include "plugin/plugin.h"
#include "plugin/reader.h"

namespace unspool {

/// A session, as its conversation sees it. Lives as long as the parser.
class Followed {
 public:
  Followed(const Session& session, Outputs& outputs, std::string_view app_proto)
      : session_{session}, outputs_{outputs}, app_proto_{app_proto} {}

  const Session& who() const { return session_; }
  Reader side(Side side) { return Reader{input(side)}; }
  Reader client() { return side(Side::client); }
  Reader server() { return side(Side::server); }
  /// Whatever that side sends is dropped. It is awaited no more.
  void ignore(Side side) { input(side).ignore(); }

  /// The next bytes or gap of either side, in conversation order, after what reads left over (the client's first).
  /// Empty when the session is over.
  class Next;
  Next next();

  /// As Outputs::open_transfer.
  std::unique_ptr<Transfer> open_transfer(Side from, std::string_view name) {
    return outputs_.open_transfer(session_, from, name, app_proto_);
  }
  /// As Outputs::emit, of this app_proto.
  void emit(std::string_view type, Timestamp time, std::string members) {
    outputs_.emit(session_, {.type = type, .app_proto = app_proto_, .time = time, .members = std::move(members)});
  }
  /// As Outputs::keep_from: what this side sends, from where its reader stands. Once something has been read.
  void keep(Side side) { outputs_.keep_from(side, input(side).offset()); }
  /// As Outputs::hand_over: from where both readers stand the session is somebody else's. The last that a conversation
  /// does, behind a read of something that is there: nothing is left to hand over at an end.
  void hand_over() { outputs_.hand_over({client().offset(), server().offset()}); }
  /// When the bytes at hand were seen, and in which packet.
  Timestamp seen() const { return seen_; }
  Origin origin() const { return origin_; }

 private:
  friend class Conversed;
  Input& input(Side side) { return inputs_[static_cast<std::size_t>(side)]; }

  const Session& session_;
  Outputs& outputs_;
  std::string_view app_proto_;
  std::array<Input, 2> inputs_;
  Timestamp seen_;
  Origin origin_;
  bool more_ = false;  // as Chunk::more
};

class Followed::Next final : public PendingRead {
 public:
  explicit Next(Followed& session) : session_{session} {}
  Input::Progress check() override;
  bool await_ready() { return check() != Input::Progress::waits; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    for (Input& input : session_.inputs_) {
      if (!input.ignored()) input.wait(*this, *waiting.promise().strand);
    }
  }
  std::optional<Chunk> await_resume();

 private:
  Followed& session_;
  Side side_ = Side::client;
  Input::Progress progress_ = Input::Progress::waits;
};
inline Followed::Next Followed::next() { return Next{*this}; }

/// A parser that lets conversations follow the session: one for both sides, or one for each. `app_proto` lives as long
/// as the program. A conversation that comes to its end, meets the end of a stream, or a gap that it does not catch,
/// has enough. Any other exception takes the parser off its session.
using Talk = std::function<Conversation(Followed&)>;
std::unique_ptr<Parser> converse(const Session& session, Outputs& outputs, std::string_view app_proto, Talk talk);
std::unique_ptr<Parser> converse(const Session& session, Outputs& outputs, std::string_view app_proto, Talk client,
                                 Talk server);

}  // namespace unspool
