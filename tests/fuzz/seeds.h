// The inputs that fuzz targets begin with. All are made here, by the words that tests make packets and sessions of.
#pragma once

#include <map>
#include <string>

namespace unspool::test {

/// Name and content of each.
using Seeds = std::map<std::string, std::string>;

Seeds decoder_seeds();
Seeds fragments_seeds();
Seeds pipeline_seeds();

Seeds conversation_seeds();
Seeds http_seeds();
Seeds http_bodies_seeds();
Seeds settings_seeds();
Seeds transcript_seeds();

}  // namespace unspool::test
