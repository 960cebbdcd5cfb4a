#include "pipeline/follower.h"

#include <exception>

namespace unspool {

Follower::Follower(const Session& session, const std::vector<std::unique_ptr<Protocol>>& protocols, Outputs& outputs) {
  for (const auto& protocol : protocols) {
    try {
      if (auto parser = protocol->follow(session, outputs)) parsers_.push_back(std::move(parser));
    } catch (const std::exception&) {
      ++failed_;
    }
  }
  started_ = parsers_.size() + failed_;
}

/// Calls every parser; those that have enough or throw are let go.
template <class Call>
void Follower::each(const Call& call) {
  std::erase_if(parsers_, [&](const std::unique_ptr<Parser>& parser) {
    try {
      return call(*parser) == Appetite::enough;
    } catch (const std::exception&) {
      ++failed_;
      return true;
    }
  });
}

void Follower::on_chunk(const Chunk& chunk) {
  each([&](Parser& parser) { return parser.on_chunk(chunk); });
}

void Follower::on_fin(Side side) {
  each([&](Parser& parser) {
    parser.on_fin(side);
    return Appetite::more;
  });
}

void Follower::on_end(Ending ending) {
  each([&](Parser& parser) {
    parser.on_end(ending);
    return Appetite::enough;
  });
}

}  // namespace unspool
