// What a file is, by its first bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "settings/settings.h"

namespace unspool {

/// Used by one thread.
class FileTypes {
 public:
  /// How many of the first bytes are looked at.
  static constexpr std::size_t kLookedAt = 4096;
  /// libmagic is asked once for each beginning of a file, as long as it is among so many that came lately.
  static constexpr std::size_t kRemembered = 1024;

  explicit FileTypes(TypeSource source);
  FileTypes(FileTypes&&) noexcept;
  ~FileTypes();

  /// A media type ("image/png") by a table of what is common; else by libmagic, where the settings say so, or roughly:
  /// text, archive, program. Empty when nobody knows, or there are no bytes.
  std::string of(Bytes first);

  /// How often libmagic was.
  std::uint64_t asked() const { return asked_; }

 private:
  struct Library;
  TypeSource source_;
  std::uint64_t asked_ = 0;
  std::unique_ptr<Library> library_;  // opened at the first need
};

}  // namespace unspool
