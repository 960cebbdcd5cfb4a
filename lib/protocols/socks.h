// SOCKS 4, 4a and 5: who asks a proxy for what as events; what goes through it is whoever's it is.
#pragma once

#include "plugin/plugin.h"

namespace unspool {

/// RFC 1928 with the passwords of RFC 1929, which are not kept; "SOCKS: A protocol for TCP proxy across firewalls" and
/// its extension 4a (Ying-Da Lee). Owns sessions whose server has answered a greeting or a request, on any port.
class Socks : public Protocol {
 public:
  std::string_view name() const override { return "socks"; }
  Claim claim(const Session& session, const Opening& opening) const override;
  std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) override;
};

}  // namespace unspool
