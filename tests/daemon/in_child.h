// What cannot be undone is tried in a child.
#pragma once

#include <functional>
#include <string>

namespace unspool::test {

/// Runs `act` in a child, and answers what it answered; "ended by signal 6" and the like when it could not.
std::string in_child(const std::function<std::string()>& act);

}  // namespace unspool::test
