// Plays short scripts of TCP segments to a TcpSession, as a shard does, and tells as one string what came out.
//
//   run(R"(HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC"; S [.] a10)")  ->  C"AAA" C<3 not_captured> C"CCC"
//
// A script is a list of segments, parted by ';'. A segment is a side (C or S; side 0 or 1) and, in any order:
//   [S] [SA] [.] [F] [FA] [R] [RA] [U] [-]  flags; without, ACK. [F] and [U] carry an ACK, [R] and [-] do not.
//   4        the sequence number, relative to the side's own initial one: its first data byte is at 1. Without, next.
//   "BBB"    data; \0 is a NUL. 1+100: 100 bytes at 1, content free; +100: the same, next.
//   a7       acknowledges up to 7 of the other side. Without, all that was listed so far of it without a hole, captured
//            or not: that is what its host has. ack=N: the number itself.
//   isn=N    the side's initial sequence number from here on, with nothing listed yet; alone it sends nothing.
//   win=N    the window field, from here on. wscale=N, opt=HEX: options. urg=N: the urgent pointer
//   cut=N    no more than N bytes of its data were captured. drop: the capture lost packets just before it
// ~C is sent and received, but not captured. Each segment is 1 ms after the last; with @10, at 10 s. Further:
//   HS  HS(wscale=7)  HS(win=100)   the three segments of a handshake; windows are 65535 and unscaled otherwise
//   @10      alone: nothing but the time     port=S     the server's side, by its port
//   EOF      the capture ends; run() and steps() add it
//
// Told: C"data", with content-free bytes as C+100; C<3 cause>, with x2 when two gaps follow each other; C.fin;
// C[after_rst]"data"; =closed or any other ending but that of the capture. C is what the session took for the client.
// Then, behind '|', what was odd: how the roles were found where no SYN told it, and counts.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/history.h"
#include "stream/tcp_session.h"

namespace unspool::test {

/// What a session gave out. Joins chunks of one side; checks that every chunk follows the one before.
class Told : public StreamListener {
 public:
  explicit Told(const StreamSettings& settings) : settings_{settings} { begin(); }

  void on_roles(unsigned client, Roles roles, bool midstream) override;
  void on_chunk(const Chunk& chunk) override;
  void on_fin(Side side) override;
  void on_old(Side side, std::uint64_t offset, Bytes bytes) override;
  void on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) override;
  void on_oddity(Oddity oddity) override { ++oddities_[static_cast<std::size_t>(oddity)]; }

  /// Another session begins.
  void begin();
  void add_word(std::string word);
  void next_step() { ++step_; }

  std::string whole() const;
  /// What came out after each step, parted by " / "; "-" is nothing.
  std::string by_step() const;
  std::string oddities() const;
  std::size_t count(Oddity oddity) const { return oddities_[static_cast<std::size_t>(oddity)]; }
  /// C@3"old"!="new" for each pair of copies that differ.
  const std::string& conflicts() const { return conflicts_; }
  /// Seconds since the script's beginning of each chunk, as in "2.000 1.000".
  const std::string& times() const { return times_; }
  const std::string& origins() const { return origins_; }

 private:
  struct Token {
    unsigned step = 0;
    std::string side;  // C, S, C[after_rst] ...; empty for a word
    std::string bytes;
    std::uint64_t offset = 0, missing = 0;
    Cause cause = Cause::end;
    unsigned gaps = 0;
    std::string word;
  };
  static std::string text(const Token& token);

  const StreamSettings& settings_;
  std::vector<Token> tokens_;
  unsigned step_ = 0;
  std::array<std::uint64_t, 2> next_{};
  std::array<std::vector<std::pair<std::uint64_t, std::uint64_t>>, 2> gaps_;
  std::array<History, 2> histories_;
  std::array<std::size_t, kOddities> oddities_{};
  std::string roles_, conflicts_, times_, origins_;
};

class TcpScript {
 public:
  explicit TcpScript(const StreamSettings& settings = {});

  /// Goes on where the last call stopped. Throws std::invalid_argument for what it cannot read.
  void play(std::string_view script);
  /// The capture ends, once.
  void end();

  const Told& told() const { return told_; }
  const TcpSession& session() const { return *session_; }
  const HeldBudget& budget() const { return budget_; }
  /// whole(), and the oddities.
  std::string text() const;

 private:
  struct Packet;
  struct Sender {
    std::uint32_t isn = 0;
    std::uint16_t window = 65535;
    std::map<std::uint64_t, std::uint64_t> listed{{0, 1}};  // relative: begin, end
    std::uint64_t next = 1;                                 // behind all that is listed

    void list(std::uint64_t from, std::uint64_t to);
    std::uint64_t complete();  // behind all that is listed without a hole
  };

  void play_item(std::string_view item);
  void play_segment(const std::vector<std::string_view>& words);
  void read_word(std::string_view word, Packet& packet);
  void read_setting(std::string_view word, Packet& packet);
  void handshake(std::string_view argument);
  void send(Packet& packet);
  void arrive(const Packet& packet, const wire::Segment& segment);
  void restart(const Arrival& arrival);
  void wait_until(Timestamp clock);
  void finish(Ending ending);

  StreamSettings settings_;
  HeldBudget budget_;
  StreamContext context_;
  Told told_;
  std::unique_ptr<TcpSession> session_;
  std::optional<unsigned> server_by_port_;
  std::array<Sender, 2> senders_;
  std::array<IpAddress, 2> hosts_;
  Timestamp time_, clock_;
  std::uint64_t record_ = 0;
  bool ended_ = false;
};

/// Plays the whole script and the end of the capture.
std::string run(std::string_view script, const StreamSettings& settings = {});
std::string steps(std::string_view script, const StreamSettings& settings = {});
std::string conflicts(std::string_view script, const StreamSettings& settings = {});

/// One line of a table of cases.
struct Case {
  std::string_view id, script, told;
  StreamSettings settings{};
};
/// Expects what each of them tells.
void expect_all(const std::vector<Case>& cases);

}  // namespace unspool::test
