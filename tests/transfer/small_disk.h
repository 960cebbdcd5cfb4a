// Disks and processes that have little room.
#pragma once

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "support/capture_file.h"

namespace unspool::test {

/// A limit of this process, set back at the end.
class Limit {
 public:
  Limit(__rlimit_resource_t which, rlim_t most) : which_{which} {
    EXPECT_EQ(::getrlimit(which, &before_), 0);
    const rlimit limited{.rlim_cur = most, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(which, &limited), 0);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { ::setrlimit(which_, &before_); }

 private:
  __rlimit_resource_t which_;
  rlimit before_{};
};

/// A file system of its own with so much room; not everybody may have one.
class SmallDisk {
 public:
  explicit SmallDisk(const char* options) {
    const std::string path = folder_.path("disk");
    std::filesystem::create_directory(path);
    mounted = ::mount("none", path.c_str(), "tmpfs", 0, options) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted) ::umount2(folder_.path("disk").c_str(), MNT_DETACH);
  }
  std::string path(const char* name) const { return folder_.path("disk/") + name; }

  bool mounted = false;

 private:
  ScratchFolder folder_;
};

}  // namespace unspool::test
