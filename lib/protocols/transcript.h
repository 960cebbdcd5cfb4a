// A conversation as one page that anybody can read: a self-contained HTML file in a browser, or on paper.
#pragma once

#include <cstdint>

#include "plugin/plugin.h"
#include "settings/settings.h"

namespace unspool {

/// Leaves `transcript.html` for each TCP session that said something. The page grows with the conversation, and is
/// whole when the session ends.
///
/// Of the settings, `bytes` bounds what a page shows: each turn, gap and direction counts as 64, so a page is at most
/// about ten times as long. `sessions` bounds the pages of one Transcript; there is one for each shard. Sessions that
/// get none are told as a limit that was reached.
class Transcript : public Protocol {
 public:
  explicit Transcript(TranscriptSettings settings = {}) : settings_{settings} {}

  std::string_view name() const override { return "transcript"; }
  Stance stance() const override { return settings_.of == TranscriptOf::all ? Stance::observer : Stance::rest; }
  std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) override;

 private:
  friend class TranscriptParser;
  /// Whether there may be a page for this session.
  bool admit(Outputs& outputs);

  TranscriptSettings settings_;
  std::uint64_t pages_ = 0;
};

}  // namespace unspool
