// Puts events into the words of EVE (Suricata's eve.json).
#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "base/json.h"
#include "events/event_log.h"
#include "plugin/sink.h"

namespace unspool {

/// The sink of one shard.
class EventWriter : public EventSink {
 public:
  explicit EventWriter(EventLog& log);
  ~EventWriter() override { flush(); }

  void on_flow(const FlowRecord& flow) override;
  void on_transfer(const TransferRecord& transfer) override;
  void on_event(const Session& session, const Event& event) override;
  void on_arp(const ArpRecord& arp) override;
  void on_anomaly(const AnomalyRecord& anomaly) override;
  void on_unanswered(const UnansweredRecord& unanswered) override;
  void on_limit(const LimitRecord& limit) override;
  void on_store(const StoreRecord& store) override;
  void on_overload(const OverloadRecord& overload) override;
  void on_interface(const InterfaceRecord& interface) override;
  void on_bad_capture(const BadCapture& bad) override;
  void on_stats(Timestamp time, const Counts& counts) override;
  void flush() override;

 private:
  /// The members that every event of a session begins with.
  JsonWriter begin(std::string_view type, Timestamp time, const Session& session, std::string_view app_proto = {});
  JsonWriter begin(std::string_view type, Timestamp time);
  void remember(const Session& session);
  void source(JsonWriter& json, std::uint16_t source, Timestamp start);
  void end(JsonWriter& json);

  EventLog& log_;
  SourceNames::View sources_;
  std::string lines_;
  Timestamp last_;  // of the last line
  Sha1 sha1_;
  /// What all events of a session say of it: an event is often of the session that the last one was of.
  struct About {
    std::optional<Session> session;
    std::uint64_t flow = 0;
    std::string endpoints, community;  // members
  };
  About about_;
  bool flow_, fileinfo_, arp_, anomaly_, interface_, stats_;
};

}  // namespace unspool
