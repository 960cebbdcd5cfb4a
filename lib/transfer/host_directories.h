// transfers/<host>: one directory for each host, made when there is something to put in it.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "transfer/beneath.h"
#include "transfer/transfer_name.h"

namespace unspool {

/// What went wrong with a file: the errno, and its text for the operator.
struct DiskFailure {
  int number = 0;
  std::string what;
  bool of_all = false;  // files, not of this one alone: it may pass
};

/// Gives finished files their names. Used by one thread.
class HostDirectories {
 public:
  /// `root` is the output directory, and stays open. At most `most` directories, one or more, are kept open.
  HostDirectories(int root, std::size_t most) : root_{root}, most_{most} {}

  struct Linked {
    std::string path;                    // of the first link, below the root; empty when there is none
    unsigned number = 0;                 // that the name got
    bool moved = false;                  // the last link is the file itself: it is no longer where it was
    std::optional<DiskFailure> failure;  // of a link that could not be made
  };
  /// Links `file` of the directory `from` under both hosts, or under one when they are the same; where all goes well it
  /// is moved to the last of them. A name that is taken under either of them is passed over for the next number:
  /// nothing is ever overwritten. `name` was made here.
  Linked link(int from, const std::string& file, TransferName name, bool incomplete);

  /// Takes the links away again that link() made.
  void unlink(const TransferName& name, const Linked& linked, bool incomplete);

  /// Closes so many directories, those that were quiet longest. False when none was open.
  bool close_some(std::size_t count);

  /// For a file that a crash left while it was being linked, under whatever number: gives it both links. Nothing when
  /// it has none yet.
  std::optional<Linked> complete(int from, const std::string& file, const std::string& base);

 private:
  struct Kept {
    std::string host;
    Fd directory;
  };
  enum class As : std::uint8_t { link, move };

  /// Its descriptor, valid until the next one is opened.
  OsResult<int> open(std::string_view host, Missing missing);
  OsResult<Fd> reach(const std::string& host, Missing missing);
  void forget(std::string_view host);
  DiskFailure put_under(std::string_view host, int from, const std::string& file, const std::string& as, As& how);
  void unlink_under(std::string_view host, const std::string& name);

  int root_;
  std::size_t most_;
  Fd transfers_;             // the directory that they are in, opened again now and then
  std::size_t reached_ = 0;  // hosts, through it
  std::list<Kept> kept_;     // the last used one first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_host_;
};

}  // namespace unspool
