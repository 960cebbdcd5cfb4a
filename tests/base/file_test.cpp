#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "support/capture_file.h"

namespace unspool::test {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesOnce) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    Fd first{ends[0]};
    EXPECT_TRUE(first);
    Fd second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: what is left of it is the point
    EXPECT_EQ(second.get(), ends[0]);
    EXPECT_TRUE(is_open(ends[0]));
    Fd third{ends[1]};
    third = std::move(second);
    EXPECT_EQ(third.get(), ends[0]);
    third.reset();
    EXPECT_FALSE(third);
    EXPECT_FALSE(is_open(ends[0]));
  }
  EXPECT_FALSE(is_open(ends[1])) << "assigning exchanges, and the other side closes it";
  EXPECT_FALSE(Fd{});
}

TEST(WriteAll, SaysWhatFailed) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd in{ends[0]};
  Fd out{ends[1]};
  EXPECT_EQ(write_all(out.get(), as_bytes("abc")), 0);
  EXPECT_EQ(write_all(out.get(), {}), 0);
  char read[8];
  EXPECT_EQ(::read(in.get(), read, sizeof read), 3);
  EXPECT_EQ(std::string_view(read, 3), "abc");
  EXPECT_EQ(write_all(in.get(), as_bytes("abc")), EBADF);
  const Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  EXPECT_EQ(write_all(full.get(), as_bytes("abc")), ENOSPC);
}

std::string told(const Result<std::string>& text) { return text ? *text : "error: " + text.error().what; }

TEST(ReadTextFile, TakesAllOrSaysWhyNot) {
  const ScratchFolder folder;
  EXPECT_EQ(told(read_text_file(folder.file("empty", ""), 10)), "");
  EXPECT_EQ(told(read_text_file(folder.file("ten", "0123456789"), 10)), "0123456789");
  const std::string eleven = folder.file("eleven", "0123456789a");
  EXPECT_EQ(told(read_text_file(eleven, 10)), "error: " + eleven + ": is larger than 10 bytes");
  const std::string large(100'000, 'x');
  EXPECT_EQ(told(read_text_file(folder.file("large", large), 1'000'000)), large);
  EXPECT_EQ(told(read_text_file(folder.path("none"), 10)),
            "error: " + folder.path("none") + ": cannot be opened: No such file or directory (os error 2)");
  EXPECT_EQ(told(read_text_file(folder.path(), 10)),
            "error: " + folder.path() + ": cannot be read: Is a directory (os error 21)");
  EXPECT_EQ(told(read_text_file("/dev/zero", 1'000'000)), "error: /dev/zero: is larger than 1000000 bytes");
}

TEST(OsError, NamesAndNumbers) { EXPECT_EQ(os_error(EACCES), "Permission denied (os error 13)"); }

}  // namespace
}  // namespace unspool::test
