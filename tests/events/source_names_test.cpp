// How events name where packets came from, while files are added.
#include "events/source_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string name_of(SourceNames::View& view, std::uint16_t source, Timestamp start) {
  const SourceName* name = view.of(source, start);
  return name == nullptr ? "-" : name->name;
}

TEST(SourceNames, AreAddedAndGivenAnew) {
  SourceNames names{{{.name = "a"}}};
  SourceNames::View view{names};
  EXPECT_EQ(name_of(view, 0, at(0)), "a");
  EXPECT_EQ(name_of(view, 1, at(0)), "-");
  names.set(1, {.name = "b"}, at(500'000));
  EXPECT_EQ(name_of(view, 1, at(0)), "b") << "nobody else had the number";
  names.set(1, {.name = "c"}, at(1'000'000));
  EXPECT_EQ(name_of(view, 1, at(500'000)), "-") << "it began in b";
  EXPECT_EQ(name_of(view, 1, at(999'000)), "c") << "packets may be out of order";
  EXPECT_EQ(name_of(view, 1, at(2'000'000)), "c");
  EXPECT_EQ(name_of(view, 0, at(0)), "a");
}

TEST(SourceNames, EventsHaveTheNewName) {
  const ScratchFolder folder;
  const std::string path = folder.path("events.json");
  const auto log = open_log(path, {}, {"first"});
  const auto sink = log->sink();
  Session session = web_session();
  sink->on_flow({.session = session});
  session.source = 1;
  sink->on_flow({.session = session});
  log->sources().set(1, {.name = "second"}, session.start);
  sink->on_flow({.session = session});
  sink->flush();
  EXPECT_THAT(file_text(path), testing::ContainsRegex("first.*\n.*second"));
  EXPECT_THAT(file_text(path), Not(HasSubstr("\"pcap_filename\":\"\"")));
}

/// Meant for ThreadSanitizer.
TEST(SourceNames, OneThreadNamesWhileOthersLook) {
  SourceNames names{{}};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      SourceNames::View view{names};
      while (name_of(view, 99, at(0)) != "99") std::this_thread::yield();
      for (std::uint16_t k = 0; k < 100; ++k) EXPECT_EQ(name_of(view, k, at(0)), std::to_string(k));
    });
  }
  for (std::uint16_t k = 0; k < 100; ++k) names.set(k, {.name = std::to_string(k)}, at(0));
  for (std::thread& reader : readers) reader.join();
}

TEST(BadCaptures, AreTold) {
  const std::string line = told([](EventSink& sink) {
    sink.on_bad_capture({.time = at(0), .path = "/spool/a", .reason = "/spool/a: is empty", .moved_to = "/bad/a"});
    sink.on_bad_capture({.time = at(0), .path = "/spool/b", .reason = "/spool/b: is empty"});
  });
  EXPECT_EQ(
      line,
      "{\"timestamp\":\"2006-11-02T18:15:00.123456+0000\",\"event_type\":\"anomaly\",\"pcap_filename\":\"/spool/a\","
      "\"anomaly\":{\"type\":\"capture\",\"event\":\"file_set_aside\"},"
      "\"unspool\":{\"reason\":\"/spool/a: is empty\",\"moved_to\":\"/bad/a\"}}\n"
      "{\"timestamp\":\"2006-11-02T18:15:00.123456+0000\",\"event_type\":\"anomaly\",\"pcap_filename\":\"/spool/b\","
      "\"anomaly\":{\"type\":\"capture\",\"event\":\"file_set_aside\"},\"unspool\":{\"reason\":\"/spool/b: is "
      "empty\"}}\n");
}

}  // namespace
}  // namespace unspool::test
