#include "support/source_tree.h"

namespace unspool::test {

std::filesystem::path source_tree() { return UNSPOOL_SOURCE_TREE; }

}  // namespace unspool::test
