#include "wire/tunnel_stack.h"

namespace unspool {

std::string_view name(Tunnel tunnel) {
  switch (tunnel) {
    case Tunnel::ipip: return "ipip";
    case Tunnel::ip6in4: return "ip6in4";
    case Tunnel::ip4in6: return "ip4in6";
    case Tunnel::ip6in6: return "ip6in6";
    case Tunnel::gre: return "gre";
    case Tunnel::erspan: return "erspan";
    case Tunnel::vxlan: return "vxlan";
    case Tunnel::geneve: return "geneve";
    case Tunnel::gtp: return "gtp";
    case Tunnel::teredo: return "teredo";
    case Tunnel::mpls: return "mpls";
  }
  return "unknown";
}

}  // namespace unspool
