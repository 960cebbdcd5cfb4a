// HTTP/1: bodies become transfers under their paths, transactions become events.
#pragma once

#include "plugin/plugin.h"
#include "protocols/http_limits.h"

namespace unspool {

/// Owns sessions whose first bytes are a request, or, where the beginning is missing, a response.
class Http : public Protocol {
 public:
  explicit Http(const HttpLimits& limits = {}) : limits_{limits} {}

  std::string_view name() const override { return "http"; }
  Claim claim(const Session& session, const Opening& opening) const override;
  std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) override;

 private:
  HttpLimits limits_;
};

}  // namespace unspool
