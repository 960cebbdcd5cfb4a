// Gives the chunks of one session to the parsers that follow it.
#pragma once

#include <memory>
#include <vector>

#include "plugin/plugin.h"

namespace unspool {

class Follower {
 public:
  /// Starts a parser of every protocol that wants the session.
  Follower(const Session& session, const std::vector<std::unique_ptr<Protocol>>& protocols, Outputs& outputs);

  void on_chunk(const Chunk& chunk);
  void on_fin(Side side);
  void on_end(Ending ending);

  /// No parser is left that wants anything.
  bool idle() const { return parsers_.empty(); }
  std::size_t started() const { return started_; }
  /// Parsers that threw: they are taken off the session, and the rest goes on.
  std::size_t failed() const { return failed_; }

 private:
  template <class Call>
  void each(const Call& call);

  std::vector<std::unique_ptr<Parser>> parsers_;
  std::size_t started_ = 0, failed_ = 0;
};

}  // namespace unspool
