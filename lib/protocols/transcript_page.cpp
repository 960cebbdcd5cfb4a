#include "protocols/transcript_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "protocols/transcript_style.h"

namespace unspool {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view title_of(Side side) { return side == Side::client ? "Client" : "Server"; }
constexpr std::string_view glyph_of(Side side) { return side == Side::client ? "▶" : "◀"; }

/// "10.0.0.5:80", "[2001:db8::1]:80".
std::string written(const Endpoint& endpoint) {
  const std::string address = to_string(endpoint.address);
  return fmt::format(fmt::runtime(endpoint.address.is_v4() ? "{}:{}" : "[{}]:{}"), address, endpoint.port);
}

/// "2006-11-02 18:15:00.123456 UTC".
std::string written(Timestamp time) {
  const std::string eve = eve_time(time);
  return fmt::format("{} {} UTC", eve.substr(0, 10), eve.substr(11, 15));
}

std::string written(VlanStack vlans) {
  std::string text;
  for (unsigned i = 0; i < vlans.size(); ++i) text += fmt::format("{}{}", i > 0 ? ", in it " : "", vlans[i]);
  return text;
}

/// How far into the session: "0.812 s", "2:03.400", "1:02:03.400".
std::string since(Timestamp start, Timestamp time) {
  const bool before = time < start;
  const auto passed =
      std::chrono::round<std::chrono::milliseconds>(before ? between(time, start) : between(start, time)).count();
  const auto hours = passed / 3'600'000, minutes = passed / 60'000 % 60, seconds = passed / 1000 % 60,
             rest = passed % 1000;
  const std::string_view sign = before && passed > 0 ? "−" : "+";
  if (hours > 0) return fmt::format("{}{}:{:02}:{:02}.{:03}", sign, hours, minutes, seconds, rest);
  if (minutes > 0) return fmt::format("{}{}:{:02}.{:03}", sign, minutes, seconds, rest);
  return fmt::format("{}{}.{:03} s", sign, seconds, rest);
}

std::string_view words_for(Roles roles) {
  switch (roles) {
    case Roles::syn: return "certain: the client’s SYN was seen";
    case Roles::syn_ack: return "certain: the server’s SYN-ACK was seen";
    case Roles::port: return "likely: the beginning was not seen, but the server’s port is a well-known one";
    case Roles::first_sender:
      return "a guess: the beginning was not seen, and who was first to send is taken for the client";
  }
  return "";
}

/// What happened to the bytes, then what that says about the conversation.
std::string_view words_for(Cause cause) {
  switch (cause) {
    case Cause::capture_drop:
      return "Packets were dropped while capturing, just there. The bytes crossed the wire; the sensor could not keep "
             "up.";
    case Cause::snaplen: return "The capture kept only the beginning of each packet. The bytes crossed the wire.";
    case Cause::not_captured:
      return "The receiver acknowledged them, so they crossed the wire; the capture has never seen them.";
    case Cause::limit: return "unspool gave them up at one of its limits. They may have crossed the wire.";
    case Cause::one_sided:
      return "Nobody acknowledges here, as only this side was captured. After a time they were given up; they may have "
             "crossed the wire.";
    case Cause::before_capture: return "They were sent before the capture began.";
    case Cause::end:
      return "The session ended before they came, and nobody acknowledged them. They may never have been sent.";
  }
  return "";
}

struct End {
  std::string_view title, words;
};
End words_for(Ending ending) {
  switch (ending) {
    case Ending::closed: return {"Closed", "Both sides closed the session."};
    case Ending::reset: return {"Reset", "One side reset the session. What was on its way may be lost."};
    case Ending::rejected: return {"Rejected", "The server refused the session."};
    case Ending::reused:
      return {"Replaced", "The same endpoints began another session; the end of this one was not seen."};
    case Ending::idle: return {"Silent", "Nothing more was seen for so long that the session counts as over."};
    case Ending::evicted:
      return {"Let go", "unspool had to forget the session at one of its limits. It may have gone on."};
    case Ending::shutdown: return {"Still going", "unspool was stopped. The session went on."};
    case Ending::capture_end: return {"Still going", "The capture ended before the session did."};
  }
  return {};
}

void fact(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("<dt>{}\n<dd>{}\n", name, value);
}

std::string element(Timestamp time, std::string_view shown) {
  return fmt::format("<time datetime=\"{}\" title=\"{}\">{}</time>", eve_time(time), written(time), shown);
}

/// The page may have this one style, and fetch, run and send nothing.
std::string head_element(const Session& session) {
  Sha256 style;
  style.add(as_bytes(kTranscriptStyle));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; base-uri "
      "'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" "
      "content=\"no-referrer\">\n"
      "<title>{} → {}, {}</title>\n<style>{}</style>\n",
      base64(style.finish()), written(session.client()), written(session.server()), written(session.start),
      kTranscriptStyle);
}

constexpr std::string_view kHowToRead =
    "<details>\n<summary>How to read this page</summary>\n"
    "<p>Everything stands in the order in which it happened: no reply comes before what it answers. Times count from "
    "the beginning.\n"
    "<p>Text stands as it was sent. What cannot be seen stands by its name in a box: control characters, bytes that "
    "are no UTF-8, and characters that "
    "would turn or hide other text. All else is a hexdump: the place in what that side sent, its bytes, and those of "
    "them that are ASCII.\n"
    "<p>What is missing is said where it is missing: how many bytes, and why. Nothing stands in for it.\n"
    "</details>\n";

std::string or_none(std::uint64_t count, std::string_view one, std::string_view many) {
  return count == 0 ? "none" : in_words(count, one, many);
}

std::string row(const Session& session, Side side, const SideTotals& totals) {
  return fmt::format("<tr><th scope=row>{} {}<td>{}<td>{}<td>{}<td>{}\n", glyph_of(side),
                     written(side == Side::client ? session.client() : session.server()),
                     or_none(totals.bytes, "byte", "bytes"), or_none(totals.gaps, "gap", "gaps"),
                     or_none(totals.missing, "byte", "bytes"), totals.closed ? "closed" : "not seen to close");
}

}  // namespace

std::string in_words(std::uint64_t count, std::string_view one, std::string_view many) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t end = digits.size(); end > 3;) digits.insert(end -= 3, 1, ',');
  return fmt::format("{} {}", digits, count == 1 ? one : many);
}

std::string in_words(std::chrono::microseconds duration) {
  using std::chrono::round, std::chrono::seconds, std::chrono::milliseconds;
  const auto ms = round<milliseconds>(duration).count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 9950) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const auto s = round<seconds>(duration).count();
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86'400, s / 3600 % 24);
}

std::chrono::microseconds between(Timestamp earlier, Timestamp later) {
  using std::chrono::floor, std::chrono::microseconds;
  return floor<microseconds>(later) - floor<microseconds>(earlier);
}

std::string page_head(const Session& session) {
  std::string out = head_element(session);
  out += fmt::format("<h1>{} <span>→</span> {}</h1>\n<header>\n<dl>\n", written(session.client()),
                     written(session.server()));
  fact(out, "Client", fmt::format("{}, port {}", to_string(session.client().address), session.client().port));
  fact(out, "Server", fmt::format("{}, port {}", to_string(session.server().address), session.server().port));
  fact(out, "Roles", words_for(session.roles));
  fact(out, "Began", element(session.start, written(session.start)));
  if (session.midstream) fact(out, "Beginning", "not captured: the session was already going on");
  if (session.key.vlans().size() > 0) fact(out, "VLAN", written(session.key.vlans()));
  fact(out, "Events", fmt::format("flow_id {}", flow_id(session)));
  out += "</dl>\n";
  out += kHowToRead;
  out += "</header>\n<main>\n";
  return out;
}

std::string turn_begin(const Session& session, Side side, std::optional<Timestamp> seen, bool after_reset) {
  std::string out =
      fmt::format("<article class={}>\n<h2><i aria-hidden=true>{}</i> {}", name(side), glyph_of(side), title_of(side));
  if (seen) out += " " + element(*seen, since(session.start, *seen));
  if (after_reset) out += " <small>after the reset</small>";
  out += "</h2>\n";
  return out;
}

std::string gap_note(std::uint64_t length, Cause cause) {
  return fmt::format("<p class=gap role=note><span><strong>{} {} missing here.</strong> {}</span></p>\n",
                     in_words(length, "byte", "bytes"), length == 1 ? "is" : "are", words_for(cause));
}

std::string direction(std::string_view text) { return fmt::format("<p>{}</p>\n", text); }

std::string page_foot(const Session& session, Ending ending, const std::array<SideTotals, 2>& totals) {
  const End end = words_for(ending);
  std::string out = fmt::format(
      "</main>\n<footer>\n<h2>{}</h2>\n<p>{}\n<p>The last packet was seen {} after the first, at {}.\n", end.title,
      end.words, in_words(between(session.start, session.last)), element(session.last, written(session.last)));
  out +=
      "<table>\n<thead><tr><th scope=col>Side<th scope=col>Said<th scope=col>Gaps<th scope=col>Missing<th "
      "scope=col>Stream\n<tbody>\n";
  for (const Side side : {Side::client, Side::server})
    out += row(session, side, totals[static_cast<std::size_t>(side)]);
  out += "</table>\n";
  const std::uint64_t left_out = totals[0].left_out + totals[1].left_out;
  if (left_out > 0) {
    out += fmt::format("<p>Left out of this page: {} of the client and {} of the server.\n",
                       in_words(totals[0].left_out, "byte", "bytes"), in_words(totals[1].left_out, "byte", "bytes"));
  }
  out += "<p><small>Set by unspool.</small>\n</footer>\n";
  return out;
}

}  // namespace unspool
