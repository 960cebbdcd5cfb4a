// Events of all types but `flow`, as whole lines.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

std::string fileinfo_line(const TransferRecord& transfer) {
  return told([&](EventSink& sink) { sink.on_transfer(transfer); });
}

TransferRecord web_transfer() {
  return {.session = web_session(),
          .from = Side::server,
          .app_proto = "http",
          .name = "/images/cat.png",
          .path = "transfers/10.0.0.5/20061102T181500.123456Z-10.0.0.5~49152-10.0.0.9~80---%2Fimages%2Fcat.png",
          .size = 81000,
          .sha256 = Sha256{}.finish(),
          .whole = true,
          .end = at(3200)};
}

const std::string kWebFile =
    R"({"timestamp":"2006-11-02T18:15:03.323456+0000","flow_id":252893579584836,"pcap_filename":"web.pcap","event_type":"fileinfo",)"
    R"("src_ip":"10.0.0.5","src_port":49152,"dest_ip":"10.0.0.9","dest_port":80,"proto":"TCP","app_proto":"http",)"
    R"("community_id":"1:4QVxWdrc3W6aVfwMCUomX6P7zKg=",)";

TEST(FileinfoEvent, OfAStoredTransfer) {
  EXPECT_EQ(
      fileinfo_line(web_transfer()),
      kWebFile +
          R"("fileinfo":{"filename":"/images/cat.png","size":81000,)"
          R"("sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
          R"("gaps":false,"state":"CLOSED","stored":true},)"
          R"("unspool":{"transfer":"transfers/10.0.0.5/20061102T181500.123456Z-10.0.0.5~49152-10.0.0.9~80---%2Fimages%2Fcat.png",)"
          R"("from":"server"}})"
          "\n");
}

TEST(FileinfoEvent, OfATransferThatIsNotStored) {
  TransferRecord transfer = web_transfer();
  transfer.path.clear();
  transfer.sha256.reset();
  transfer.error = "/out/partial/1: disk full";
  EXPECT_EQ(
      fileinfo_line(transfer),
      kWebFile +
          R"("fileinfo":{"filename":"/images/cat.png","size":81000,"gaps":false,"state":"CLOSED","stored":false},)"
          R"("unspool":{"from":"server","error":"/out/partial/1: disk full"}})"
          "\n");
}

TEST(FileinfoEvent, OfATransferWithGapsAndNoEnd) {
  TransferRecord transfer = web_transfer();
  transfer.from = Side::client;
  transfer.path = "transfers/10.0.0.5/cat.incomplete";
  transfer.sha256.reset();
  transfer.gaps.add({0, 1460, Cause::before_capture});
  transfer.gaps.add({80000, 1000, Cause::end});
  transfer.whole = false;
  EXPECT_EQ(
      fileinfo_line(transfer),
      kWebFile +
          R"("fileinfo":{"filename":"/images/cat.png","size":81000,"gaps":true,"state":"TRUNCATED","stored":true},)"
          R"("unspool":{"transfer":"transfers/10.0.0.5/cat.incomplete","from":"client",)"
          R"("gaps":[[0,1460,"before_capture"],[80000,1000,"end"]]}})"
          "\n");
}

TEST(FileinfoEvent, NamesAreAnyBytes) {
  using namespace std::string_literals;
  struct Row {
    std::string name;
    std::string expected;
  };
  const std::string a4096(4096, 'a');
  const Row rows[] = {
      {"", ""},
      {"a\"b\\c/d", R"(a\"b\\c/d)"},
      {"a\tb\r\nc", R"(a\tb\r\nc)"},
      {"\0\x01\x1b[31m\x7f"s, R"(\u0000\u0001\u001b[31m\u007f)"},
      {"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\xb1", "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\xb1"},
      {"caf\xe9.txt", R"(caf\\xe9.txt)"},
      {"\xc2\x9b"
       "31m",
       R"(\\xc2\\x9b31m)"},
      {"\xed\xa0\x80", R"(\\xed\\xa0\\x80)"},
      {"\xc0\xaf\xf5\x80\xff", R"(\\xc0\\xaf\\xf5\\x80\\xff)"},
      {"\xe0\x80\xaf", R"(\\xe0\\x80\\xaf)"},
      {"\xf0\x80\x80\xaf", R"(\\xf0\\x80\\x80\\xaf)"},
      {"\xf4\x90\x80\x80", R"(\\xf4\\x90\\x80\\x80)"},
      {"end\xe6\x97", R"(end\\xe6\\x97)"},
      {a4096, a4096},
      {std::string(10'000, 'a'), a4096 + "\xe2\x80\xa6"},
      {a4096.substr(1) + "\xe6\x97\xa5"
                         "b",
       a4096.substr(1) + "\xe6\x97\xa5\xe2\x80\xa6"},
  };
  for (const Row& row : rows) {
    TransferRecord transfer = web_transfer();
    transfer.name = row.name;
    transfer.path = row.name;
    transfer.error = row.name;
    transfer.sha256.reset();
    const std::string path = row.name.empty() ? "" : R"("transfer":")" + row.expected + "\",";
    const std::string error = row.name.empty() ? "" : R"(,"error":")" + row.expected + "\"";
    EXPECT_EQ(fileinfo_line(transfer), kWebFile + R"("fileinfo":{"filename":")" + row.expected +
                                           R"(","size":81000,"gaps":false,"state":"CLOSED","stored":)" +
                                           (row.name.empty() ? "false" : "true") + R"(},"unspool":{)" + path +
                                           R"("from":"server")" + error + "}}\n");
  }
}

std::string told_arp(std::string_view packet, VlanStack vlans = {}) {
  return told([&](EventSink& sink) { sink.on_arp({.time = at(0), .vlans = vlans, .packet = as_bytes(packet)}); });
}

std::string arp_line(const std::string& arp, const std::string& vlan = "") {
  return R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"arp","pcap_filename":"web.pcap",)" + vlan +
         R"("arp":{)" + arp + "}}\n";
}

TEST(ArpEvent, IsReadAsFarAsItGoes) {
  using namespace std::string_literals;
  const std::string from = "\x02\x00\x5e\x10\x00\x01\x0a\x00\x00\x01"s,
                    to = "\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x09"s;
  const std::string addresses =
      R"("src_mac":"02:00:5e:10:00:01","src_ip":"10.0.0.1","dest_mac":"00:00:00:00:00:00","dest_ip":"10.0.0.9")";
  struct Row {
    const char* what;
    std::string packet;
    std::string expected;
  };
  const Row rows[] = {
      {"request", "\0\1\x08\0\6\4\0\1"s + from + to,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request",)" + addresses},
      {"reply", "\0\1\x08\0\6\4\0\2"s + from + to,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"reply",)" + addresses},
      {"reverse request, padded", "\0\1\x08\0\6\4\0\3"s + from + to + std::string(18, '\xff'),
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request_reverse",)" + addresses},
      {"reverse reply", "\0\1\x08\0\6\4\0\4"s + from + to,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"reply_reverse",)" + addresses},
      {"an operation without a name", "\0\1\x08\0\6\4\x12\x34"s + from + to,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"4660",)" + addresses},
      {"probe: any octets",
       "\0\1\x08\0\6\4\0\1"s + from.substr(0, 6) + "\0\0\0\0"s + to.substr(0, 6) + "\xc0\xa8\x64\xff"s,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request","src_mac":"02:00:5e:10:00:01","src_ip":"0.0.0.0",)"
       R"("dest_mac":"00:00:00:00:00:00","dest_ip":"192.168.100.255")"},
      {"neither Ethernet nor IPv4", "\0\7\x86\xdd\1\4\0\1\xaa\1\2\3\4\xbb\5\6\7\x08"s,
       R"("hw_type":"7","proto_type":"0x86dd","opcode":"request",)"
       R"("src_mac":"aa","src_ip":"01020304","dest_mac":"bb","dest_ip":"05060708")"},
      {"no addresses at all", "\0\1\x08\0\0\0\0\1"s,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request","src_mac":"","src_ip":"","dest_mac":"","dest_ip":"")"},
      {"one byte short", "\0\1\x08\0\6\4\0\1"s + from + to.substr(1),
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request","malformed":true)"},
      {"lengths that lie", "\0\1\x08\0\xff\xff\0\1"s + from + to,
       R"("hw_type":"ethernet","proto_type":"ipv4","opcode":"request","malformed":true)"},
      {"a cut header", "\0\1\x08\0\6\4\0"s, R"("malformed":true)"},
      {"nothing", "", R"("malformed":true)"},
  };
  for (const Row& row : rows) EXPECT_EQ(told_arp(row.packet), arp_line(row.expected)) << row.what;
  VlanStack vlans;
  vlans.push(7);
  EXPECT_EQ(told_arp("", vlans), arp_line(R"("malformed":true)", R"("vlan":[7],)"));
}

std::string anomaly_line(const std::string& rest) {
  return R"({"timestamp":"2006-11-02T18:15:01.123456+0000","flow_id":252893579584836,"pcap_filename":"web.pcap",)"
         R"("event_type":"anomaly","src_ip":"10.0.0.5","src_port":49152,"dest_ip":"10.0.0.9","dest_port":80,"proto":"TCP",)"
         R"("community_id":"1:4QVxWdrc3W6aVfwMCUomX6P7zKg=",)" +
         rest + "}\n";
}

TEST(AnomalyEvent, HoldsBothCopiesHoweverHostile) {
  const std::string zeros(2, '\0');
  const std::string line = told([&](EventSink& sink) {
    sink.on_anomaly({.session = web_session(),
                     .time = at(1000),
                     .type = "overlap_differs",
                     .from = Side::server,
                     .offset = 1460,
                     .first = as_bytes("\"}\n{\"event_type\":\"flow\"}\xff\xfe"),
                     .second = as_bytes(zeros)});
  });
  EXPECT_EQ(line, anomaly_line(R"("anomaly":{"type":"stream","event":"overlap_differs"},)"
                               R"("unspool":{"from":"server","offset":1460,)"
                               R"("first":"\"}\n{\"event_type\":\"flow\"}\\xff\\xfe","second":"\u0000\u0000"})"));
}

TEST(AnomalyEvent, WithoutBytesSaysWhatAndWhere) {
  const std::string line = told(
      [](EventSink& sink) { sink.on_anomaly({.session = web_session(), .time = at(1000), .type = "order_conflict"}); });
  EXPECT_EQ(line, anomaly_line(R"("anomaly":{"type":"stream","event":"order_conflict"})"));
}

TEST(AnomalyEvent, TellsWhatBefellTheStore) {
  struct Row {
    StoreRecord record;
    const char* expected;
  };
  const Row rows[] = {
      {{.what = StoreRecord::What::paused, .time = at(0), .reason = "the disk is \"full\""},
       R"("event":"writing_paused"},"unspool":{"reason":"the disk is \"full\"","files":0,"bytes":0}})"},
      {{.what = StoreRecord::What::caught_up, .time = at(0), .files = 2, .bytes = 3},
       R"("event":"writing_caught_up"},"unspool":{"files":2,"bytes":3}})"},
  };
  for (const Row& row : rows) {
    const std::string line = told([&](EventSink& sink) { sink.on_store(row.record); });
    const std::string begin =
        R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"anomaly","anomaly":{"type":"store",)";
    EXPECT_EQ(line, fmt::format("{}{}\n", begin, row.expected));
  }
}

TEST(OverloadEvent, SaysWhatIsLeftOutAndWhatWas) {
  const std::string begin = R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"anomaly",)";
  EXPECT_EQ(
      told([](EventSink& sink) {
        sink.on_overload({.time = at(0), .what = Shed::bodies, .begins = true, .level = 2, .filled = 100, .lost = 7});
      }),
      begin + R"("anomaly":{"type":"overload","event":"bodies_shed"},)"
              R"("unspool":{"level":2,"queue_percent":100,"packets_lost":7}})"
              "\n");
  EXPECT_EQ(told([](EventSink& sink) {
              sink.on_overload({.time = at(0),
                                .what = Shed::sessions,
                                .level = 2,
                                .filled = 3,
                                .lost = 9,
                                .lasted = std::chrono::milliseconds(2900),
                                .left_out = 5});
            }),
            begin + R"("anomaly":{"type":"overload","event":"sessions_resumed"},)"
                    R"("unspool":{"level":2,"queue_percent":3,"packets_lost":9,)"
                    R"("since":"2006-11-02T18:14:57.223456+0000","seconds":2,"left_out":5}})"
                    "\n");
}

TEST(InterfaceEvent, SaysWhatBecameOfIt) {
  EXPECT_EQ(told(
                [](EventSink& sink) {
                  sink.on_interface({.time = at(0), .source = 0, .state = "down", .what = "eth1: went down"});
                },
                {}, {.name = "eth1", .is_file = false}),
            R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"interface","in_iface":"eth1",)"
            R"("interface":{"state":"down","message":"eth1: went down"}})"
            "\n");
}

TEST(StatsEvent, DotsMakeObjects) {
  struct Row {
    Counts counts;
    const char* expected;
  };
  const Row rows[] = {
      {{}, ""},
      {{{"packets", 3}}, R"("packets":3)"},
      {{{"a.x", 1}, {"a.y", 2}, {"b", 3}}, R"("a":{"x":1,"y":2},"b":3)"},
      {{{"a.b.c", 1}, {"a.b.d", 2}, {"a.e", 3}, {"f.b.c", 4}}, R"("a":{"b":{"c":1,"d":2},"e":3},"f":{"b":{"c":4}})"},
      {{{"a", 1}, {"b.c.d.e", 2}, {"b.f.d.e", 3}}, R"("a":1,"b":{"c":{"d":{"e":2}},"f":{"d":{"e":3}}})"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told([&](EventSink& sink) { sink.on_stats(at(0), row.counts); }),
              R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"stats","stats":{)" +
                  std::string{row.expected} + "}}\n");
  }
}

TEST(Events, AreOfAnyTime) {
  struct Row {
    std::int64_t ns;
    const char* expected;
  };
  const Row rows[] = {
      {0, "1970-01-01T00:00:00.000000+0000"},
      {-1, "1969-12-31T23:59:59.999999+0000"},
      {1'709'251'199'999'999'999, "2024-02-29T23:59:59.999999+0000"},
      {INT64_MAX, "2262-04-11T23:47:16.854775+0000"},
      {INT64_MIN, "1677-09-21T00:12:43.145224+0000"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told([&](EventSink& sink) { sink.on_stats(timestamp_from_ns(row.ns), {}); }),
              R"({"timestamp":")" + std::string{row.expected} + R"(","event_type":"stats","stats":{}})" + "\n");
  }
}

TEST(EventTypes, OnlyThoseChosenAreWritten) {
  const auto all = [](EventSink& sink) {
    sink.on_flow({.session = web_session()});
    sink.on_transfer(web_transfer());
    sink.on_arp({});
    sink.on_anomaly({.session = web_session()});
    sink.on_stats(at(0), {});
  };
  const auto types_in = [](std::string_view text) {
    std::string types;
    constexpr std::string_view kKey = R"("event_type":")";
    for (std::size_t found = 0; (found = text.find(kKey, found)) != text.npos;) {
      found += kKey.size();
      types += text.substr(found, text.find('"', found) - found);
      types += ' ';
    }
    return types;
  };
  EXPECT_EQ(types_in(told(all)), "flow fileinfo arp anomaly stats ");
  for (const char* type : {"flow", "fileinfo", "arp", "anomaly", "stats"}) {
    EXPECT_EQ(types_in(told(all, {.types = {type}})), std::string{type} + " ");
  }
  EXPECT_EQ(told(all, {.types = {}}), "");
}

}  // namespace
}  // namespace unspool::test
