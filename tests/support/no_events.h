// An output that says nothing: a test's own overrides what it wants to hear.
#pragma once

#include "plugin/sink.h"

namespace unspool::test {

class NoEvents : public EventSink {
 public:
  void on_flow(const FlowRecord&) override {}
  void on_transfer(const TransferRecord&) override {}
  void on_event(const Session&, const Event&) override {}
  void on_arp(const ArpRecord&) override {}
  void on_anomaly(const AnomalyRecord&) override {}
  void on_unanswered(const UnansweredRecord&) override {}
  void on_limit(const LimitRecord&) override {}
  void on_store(const StoreRecord&) override {}
  void on_overload(const OverloadRecord&) override {}
  void on_bad_capture(const BadCapture&) override {}
  void on_interface(const InterfaceRecord&) override {}
  void on_stats(Timestamp, const Counts&) override {}
  void flush() override {}
};

}  // namespace unspool::test
