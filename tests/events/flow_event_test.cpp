#include <fmt/format.h>
#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

FlowRecord web_flow() {
  FlowRecord flow{.session = web_session(),
                  .ended = Ending::closed,
                  .end = at(8200),
                  .packets = {6, 5},
                  .wire_bytes = {900, 81700}};
  flow.streams[0].bytes = 512;
  flow.streams[1].bytes = 81000;
  return flow;
}

std::string flow_line(const FlowRecord& flow, SourceName source = {"web.pcap"}) {
  return told([&](EventSink& sink) { sink.on_flow(flow); }, {}, std::move(source));
}

/// What stands between `from` and `to` in a line.
std::string_view between(std::string_view line, std::string_view from, std::string_view to) {
  const std::size_t begin = line.find(from) + from.size();
  return line.substr(begin, line.find(to, begin) - begin);
}

TEST(FlowEvent, OfASessionWithNothingOdd) {
  EXPECT_EQ(
      flow_line(web_flow()),
      R"({"timestamp":"2006-11-02T18:15:08.323456+0000","flow_id":252893579584836,"pcap_filename":"web.pcap","event_type":"flow",)"
      R"("src_ip":"10.0.0.5","src_port":49152,"dest_ip":"10.0.0.9","dest_port":80,"proto":"TCP",)"
      R"("community_id":"1:4QVxWdrc3W6aVfwMCUomX6P7zKg=",)"
      R"("flow":{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":900,"bytes_toclient":81700,)"
      R"("start":"2006-11-02T18:15:00.123456+0000","end":"2006-11-02T18:15:03.323456+0000","age":3,)"
      R"("state":"closed","reason":"timeout"},)"
      R"("unspool":{"streams":[{"from":"client","bytes":512},{"from":"server","bytes":81000}],)"
      R"("roles":"syn","ended":"closed"}})"
      "\n");
}

TEST(FlowEvent, OfASessionWithEverything) {
  FlowRecord flow = web_flow();
  flow.session = session_between(endpoint("10.0.0.9", 49152), endpoint("10.0.0.5", 80));
  flow.session.roles = Roles::port;
  flow.session.midstream = true;
  flow.ended = Ending::capture_end;
  flow.streams[0].gaps.add({300, 1460, Cause::not_captured});
  flow.streams[0].gaps.add({5000, 40, Cause::snaplen});
  flow.streams[0].sha256 = Sha256{}.finish();
  flow.streams[1].unacknowledged = 7;
  flow.observations = {{"late", 2}, {"retransmission", 31}};
  EXPECT_EQ(
      flow_line(flow),
      R"({"timestamp":"2006-11-02T18:15:08.323456+0000","flow_id":386745446765830,"pcap_filename":"web.pcap","event_type":"flow",)"
      R"("src_ip":"10.0.0.9","src_port":49152,"dest_ip":"10.0.0.5","dest_port":80,"proto":"TCP",)"
      R"("community_id":"1:npzG3owQ1eZZ0c0Hj7Dpc2GLD3U=",)"
      R"("flow":{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":900,"bytes_toclient":81700,)"
      R"("start":"2006-11-02T18:15:00.123456+0000","end":"2006-11-02T18:15:03.323456+0000","age":3,)"
      R"("state":"established","reason":"shutdown"},)"
      R"("unspool":{"streams":[{"from":"client","bytes":512,"gap_bytes":1500,)"
      R"("gaps":[[300,1460,"not_captured"],[5000,40,"snaplen"]],)"
      R"("sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},)"
      R"({"from":"server","bytes":81000,"unacknowledged":7}],)"
      R"("roles":"port","ended":"capture_end","midstream":true,"observations":{"late":2,"retransmission":31}}})"
      "\n");
}

TEST(FlowEvent, OfUdpOverIp6InTwoVlansLive) {
  VlanStack vlans;
  vlans.push(100);
  vlans.push(4095);
  FlowRecord flow{.session = session_between(endpoint("2001:db8::5", 5353), endpoint("2001:db8::53", 53), kUdp, vlans),
                  .ended = Ending::idle,
                  .end = at(60'000),
                  .packets = {1, 0},
                  .wire_bytes = {94, 0}};
  flow.session.last = flow.session.start;
  flow.session.roles = Roles::first_sender;
  EXPECT_EQ(
      flow_line(flow, {.name = "eth0", .is_file = false}),
      R"({"timestamp":"2006-11-02T18:16:00.123456+0000","flow_id":626390753751350,"in_iface":"eth0","event_type":"flow",)"
      R"("vlan":[100,4095],)"
      R"("src_ip":"2001:db8::5","src_port":5353,"dest_ip":"2001:db8::53","dest_port":53,"proto":"UDP",)"
      R"("community_id":"1:89L/AvfiHp4RT0UIhlMe4a75fcg=",)"
      R"("flow":{"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":94,"bytes_toclient":0,)"
      R"("start":"2006-11-02T18:15:00.123456+0000","end":"2006-11-02T18:15:00.123456+0000","age":0,)"
      R"("state":"new","reason":"timeout"},)"
      R"("unspool":{"roles":"first_sender","ended":"idle"}})"
      "\n");
}

TEST(FlowEvent, NamesTheTunnelsAround) {
  const auto tunnels_of = [](std::initializer_list<std::pair<Tunnel, std::uint32_t>> tunnels) {
    FlowRecord flow{.session = web_session(), .ended = Ending::closed, .end = at(0)};
    TunnelStack stack;
    for (const auto& [kind, network] : tunnels) stack.push(kind, network);
    flow.session.key = {kTcp, flow.session.client(), flow.session.server(), {}, stack};
    const std::string line = flow_line(flow);
    const std::size_t ended = line.find(R"("ended":"closed")");
    return line.substr(ended, line.size() - ended - 1);
  };
  EXPECT_EQ(tunnels_of({}), R"("ended":"closed"}})");
  EXPECT_EQ(tunnels_of({{Tunnel::ip6in4, 0}}), R"("ended":"closed","tunnels":["ip6in4"]}})");
  EXPECT_EQ(tunnels_of({{Tunnel::gre, 0}, {Tunnel::vxlan, 4711}}),
            R"("ended":"closed","tunnels":["gre","vxlan"],"vni":4711}})");
}

// EVE's words: an end that a timer noticed is a "timeout"; a flow is "new" until it was answered.
TEST(FlowEvent, SaysWithEvesWordsHowItEnded) {
  struct Row {
    Ending ended;
    std::uint64_t answers;
    const char* expected;
  };
  const Row rows[] = {
      {Ending::closed, 5, R"("closed","reason":"timeout")"},
      {Ending::reset, 5, R"("closed","reason":"timeout")"},
      {Ending::rejected, 1, R"("closed","reason":"timeout")"},
      {Ending::idle, 5, R"("established","reason":"timeout")"},
      {Ending::idle, 0, R"("new","reason":"timeout")"},
      {Ending::reused, 5, R"("established","reason":"tcp_reuse")"},
      {Ending::evicted, 5, R"("established","reason":"forced")"},
      {Ending::evicted, 0, R"("new","reason":"forced")"},
      {Ending::shutdown, 5, R"("established","reason":"shutdown")"},
      {Ending::capture_end, 5, R"("established","reason":"shutdown")"},
  };
  for (const Row& row : rows) {
    FlowRecord flow = web_flow();
    flow.ended = row.ended;
    flow.packets[1] = row.answers;
    const std::string line = flow_line(flow);
    EXPECT_EQ(between(line, R"("state":)", "}"), row.expected) << name(row.ended);
    EXPECT_EQ(between(line, R"("ended":")", "\""), name(row.ended));
  }
}

// As EVE's: the difference of the two times' seconds, not of the times.
TEST(FlowEvent, AgeCountsSecondsAsTheyAreWritten) {
  struct Row {
    std::int64_t last;
    const char* expected;
  };
  for (const Row& row : {Row{0, "0"}, {876, "0"}, {877, "1"}, {1876, "1"}, {1877, "2"}, {-123, "0"}, {-124, "-1"}}) {
    FlowRecord flow = web_flow();
    flow.session.last = at(row.last);
    EXPECT_EQ(between(flow_line(flow), R"("age":)", ","), row.expected) << row.last;
  }
}

TEST(FlowEvent, ListsAThousandGapsAndCountsTheRest) {
  FlowRecord flow = web_flow();
  std::string listed;
  for (std::uint64_t i = 0; i < 1003; ++i) {
    flow.streams[1].gaps.add({i * 100, 10, Cause::limit});
    if (i < 1000) listed += fmt::format(R"({}[{},10,"limit"])", i == 0 ? "" : ",", i * 100);
  }
  const std::string line = flow_line(flow);
  EXPECT_EQ(between(line, R"("bytes":81000,)", "}"),
            R"("gap_bytes":10030,"gaps":[)" + listed + R"(],"gaps_omitted":3)");
}

TEST(FlowEvent, NumbersKeepAll64Bits) {
  FlowRecord flow = web_flow();
  flow.wire_bytes = {UINT64_MAX, 0};
  EXPECT_EQ(between(flow_line(flow), R"("bytes_toserver":)", ","), "18446744073709551615");
}

TEST(FlowEvent, ASourceHasAnyName) {
  EXPECT_EQ(between(flow_line(web_flow(), {"a \"b\"\n\xff.pcap"}), R"("pcap_filename":)", ",\"event"),
            R"("a \"b\"\n\\xff.pcap")");
  FlowRecord flow = web_flow();
  flow.session.source = 1;
  EXPECT_EQ(between(flow_line(flow), R"("flow_id":)", "\"src_ip\"").find("pcap_filename"), std::string_view::npos)
      << "the run has no source 1";
}

}  // namespace
}  // namespace unspool::test
