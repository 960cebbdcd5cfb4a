// Runs packets through a pipeline whose outputs keep all that is said, as lines that a person can read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pipeline/follower.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"
#include "support/dialog.h"

namespace unspool::test {

/// What a run left: one line for each session, transfer and anomaly, sorted; and its counts that are not zero.
struct Ran {
  /// "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C5 S3": bytes, then "[300+1460 not_captured]" for each gap, then what
  /// was odd.
  std::vector<std::string> flows;
  /// "client.raw GET / CLOSED": name, content with "<3>" for a gap of 3, state.
  std::vector<std::string> transfers;
  std::vector<std::string> anomalies;
  std::string counts;  // "capture.packets=7 ..."

  std::uint64_t count(const std::string& name) const;
  std::string all() const;
};

using MakeProtocols = std::function<std::vector<OfferedProtocol>()>;
std::vector<OfferedProtocol> only_raw();

/// `workers` as of Pipeline; each of them gets its own protocols.
Ran run(const Stamped& packets, const Settings& settings = {}, unsigned workers = 0,
        const MakeProtocols& make_protocols = only_raw);
/// The same of capture files, one after another, to all of which the same number is given.
Ran run_captures(const std::vector<std::string>& images, const Settings& settings = {}, unsigned workers = 0,
                 const MakeProtocols& make_protocols = only_raw);
/// The same of a capture file's bytes.
Ran run_capture(const std::string& image, const Settings& settings = {}, unsigned workers = 0,
                const MakeProtocols& make_protocols = only_raw);

/// The same of what `feed` gives to the pipeline, which takes it as from interfaces.
Ran run_live(const std::function<void(Pipeline&)>& feed, const Settings& settings = {}, unsigned workers = 0,
             const MakeProtocols& make_protocols = only_raw, unsigned loops = 1);

}  // namespace unspool::test
