// An output that keeps nothing.
#pragma once

#include <memory>

#include "plugin/sink.h"

namespace unspool::test {

class NoTransfers : public TransferSink {
 public:
  std::unique_ptr<Transfer> open(const Session&, Side, std::string_view, std::string_view) override { return nullptr; }
  void session_ended(const Session&) override {}
};

}  // namespace unspool::test
