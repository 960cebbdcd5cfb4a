// Every TCP stream as a file of its own, as it was: for those who bring their own tools.
#pragma once

#include "plugin/plugin.h"

namespace unspool {

/// Follows every TCP session. Leaves `client.raw` and `server.raw` for the sides that sent something.
class Raw : public Protocol {
 public:
  std::string_view name() const override { return "raw"; }
  Stance stance() const override { return Stance::observer; }
  std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) override;
};

}  // namespace unspool
