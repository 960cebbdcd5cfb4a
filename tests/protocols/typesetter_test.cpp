// Bytes as HTML: what is text, what is a hexdump, and that nothing off the wire is markup.
#include "protocols/typesetter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace unspool::test {
namespace {

/// Fed `at_once` bytes at a time.
std::string set(std::string_view bytes, std::size_t at_once, std::uint64_t offset = 0) {
  std::string out;
  Typesetter typesetter{out};
  for (std::size_t at = 0; at < bytes.size(); at += at_once) {
    const std::string piece{bytes.substr(at, at_once)};  // gone when the call returns
    typesetter.add(offset + at, as_bytes(piece));
  }
  typesetter.finish();
  return out;
}

std::string text(std::string_view html) { return "<pre>\n" + std::string{html} + "</pre>\n"; }

struct Row {
  const char* what;
  std::string bytes;
  std::string html;
};

void expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    for (const std::size_t at_once :
         {row.bytes.size() + 1, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
      EXPECT_EQ(set(row.bytes, at_once), row.html) << row.what << ", " << at_once << " at once";
    }
  }
}

using namespace std::string_literals;

TEST(Typesetter, Text) {
  expect({
      {"nothing", "", ""},
      {"a line", "220 ready\r\n", text("220 ready\n")},
      {"either end of a line", "one\ntwo\r\nthree", text("one\ntwo\nthree")},
      {"an end of a line first: HTML drops one only", "\n\nthird", text("\n\nthird")},
      {"a tab", "a\tb", text("a\tb")},
      {"UTF-8 of every length", "ß € 世 🌍", text("ß € 世 🌍")},
      {"the first and last of every length", "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80",
       text("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80")},
      {"letters of ISO 8859-1",
       "Gr\xfc\xdf"
       "e aus K\xf6ln, caf\xe9",
       text("Gr<b>\\xfc</b><b>\\xdf</b>e aus K<b>\\xf6</b>ln, caf<b>\\xe9</b>")},
  });
}

TEST(Typesetter, NothingIsMarkup) {
  expect({
      {"a script", "<script>alert(1)</script>", text("&lt;script&gt;alert(1)&lt;/script&gt;")},
      {"the end of its element", "</pre></article><img src=x onerror=alert(1)>",
       text("&lt;/pre&gt;&lt;/article&gt;&lt;img src=x onerror=alert(1)&gt;")},
      {"quotes", "\" onload='x'", text("&quot; onload=&#39;x&#39;")},
      {"references", "&lt; &#60;", text("&amp;lt; &amp;#60;")},
      {"a comment, CDATA", "<!-- --> ]]>", text("&lt;!-- --&gt; ]]&gt;")},
      {"in a hexdump's text", "\0\0\0\0<b>&\""s,
       "<pre class=hex>\n<i>00000000</i>  00 00 00 00 3c 62 3e 26  22                       "
       "....&lt;b&gt;&amp;&quot;\n</pre>\n"},
  });
}

TEST(Typesetter, WhatCannotBeSeenIsNamed) {
  expect({
      {"a terminal's sequences", "\x1b[1;32mok\x1b[0m\x07\b",
       text("<b>ESC</b>[1;32mok<b>ESC</b>[0m<b>BEL</b><b>BS</b>")},
      {"a lone return", "50%\r100%\r", text("50%<b>CR</b>100%<b>CR</b>")},
      {"a return, then a return and a line feed", "a\r\r\nb", text("a<b>CR</b>\nb")},
      {"a NUL behind text", "login: ada\0"s, text("login: ada<b>NUL</b>")},
      {"DEL and C1", "a long enough text\x7f\xc2\x85", text("a long enough text<b>DEL</b><b>U+0085</b>")},
      {"right-to-left override", "user\xe2\x80\xaegpj.exe", text("user<b>U+202E</b>gpj.exe")},
      {"every embedding", "\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad",
       text("<b>U+202A</b><b>U+202B</b><b>U+202C</b><b>U+202D</b>")},
      {"every isolate", "\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9",
       text("<b>U+2066</b><b>U+2067</b><b>U+2068</b><b>U+2069</b>")},
      {"marks of direction", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", text("<b>U+200E</b><b>U+200F</b><b>U+061C</b>")},
      {"no width", "zero\xe2\x80\x8bwidth\xef\xbb\xbf\xc2\xad",
       text("zero<b>U+200B</b>width<b>U+FEFF</b><b>U+00AD</b>")},
      {"separators",
       "a\xe2\x80\xa8"
       "b\xe2\x80\xa9",
       text("a<b>U+2028</b>b<b>U+2029</b>")},
      {"tags, noncharacters", "\xf3\xa0\x81\x81\xef\xbf\xbf\xf4\x8f\xbf\xbf",
       text("<b>U+E0041</b><b>U+FFFF</b><b>U+10FFFF</b>")},
  });
}

TEST(Typesetter, WhatIsNoUtf8) {
  const std::string before = "thirty-two bytes and more of good text: ", shown = before;
  expect({
      {"a lone continuation", before + "\x80", text(shown + "<b>\\x80</b>")},
      {"overlong", before + "\xc0\xaf", text(shown + "<b>\\xc0</b><b>\\xaf</b>")},
      {"overlong in three", before + "\xe0\x9f\xbf", text(shown + "<b>\\xe0</b><b>\\x9f</b><b>\\xbf</b>")},
      {"a surrogate", before + "\xed\xa0\x80", text(shown + "<b>\\xed</b><b>\\xa0</b><b>\\x80</b>")},
      {"past U+10FFFF", before + "\xf4\x90\x80\x80.",
       text(shown + "<b>\\xf4</b><b>\\x90</b><b>\\x80</b><b>\\x80</b>.")},
      {"cut off by the end", before + "\xe4\xb8", text(shown + "<b>\\xe4</b><b>\\xb8</b>")},
      {"cut off by a letter", before + "\xe4\xb8z", text(shown + "<b>\\xe4</b><b>\\xb8</b>z")},
      {"cut off by markup", before + "\xf0\x9f<", text(shown + "<b>\\xf0</b><b>\\x9f</b>&lt;")},
  });
}

TEST(Typesetter, Hexdump) {
  expect({
      {"one byte", "\x01",
       "<pre class=hex>\n<i>00000000</i>  01                                                .\n</pre>\n"},
      {"a row and a bit", "\0\x01\x02\x03\x04\x05\x06\x07\x0b\x0e\x0f\x10\x11\x12\x13\x14zz"s,
       "<pre class=hex>\n"
       "<i>00000000</i>  00 01 02 03 04 05 06 07  0b 0e 0f 10 11 12 13 14  ................\n"
       "<i>00000010</i>  7a 7a                                             zz\n</pre>\n"},
      {"what looks like text first", "GIF89a\x01\0\x01\0\x80\0\0"s,
       "<pre class=hex>\n<i>00000000</i>  47 49 46 38 39 61 01 00  01 00 80 00 00           GIF89a.......\n</pre>\n"},
      {"binary behind text", "Content-Type: image/png\r\nContent-Length: 8\r\n\r\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"s,
       "<pre>\nContent-Type: image/png\nContent-Length: 8\n\n</pre>\n<pre class=hex>\n"
       "<i>0000002e</i>  89 50 4e 47 0d 0a 1a 0a  00 00 00 0d 49 48 44 52  .PNG........IHDR\n"
       "<i>0000003e</i>  00 00                                             ..\n</pre>\n"},
      {"text behind binary", "\0\x01\x02\x03\x04now follows a text of thirty-two bytes\n"s,
       "<pre class=hex>\n<i>00000000</i>  00 01 02 03 04                                    .....\n</pre>\n"
       "<pre>\nnow follows a text of thirty-two bytes\n</pre>\n"},
      {"a word between binary", "\0\x01\x02\x03\x04password\0\x01"s,
       "<pre class=hex>\n<i>00000000</i>  00 01 02 03 04 70 61 73  73 77 6f 72 64 00 01     .....password..\n</pre>\n"},
  });
}

TEST(Typesetter, RowsCountFromTheStream) {
  EXPECT_EQ(set("\x01\x02", 1, 0x1'0000'0000),
            "<pre class=hex>\n<i>100000000</i>  01 02                                             ..\n</pre>\n");
}

TEST(Typesetter, EachRunBeginsAnew) {
  std::string out;
  Typesetter typesetter{out};
  typesetter.add(0, as_bytes("\xe2\x82"));
  EXPECT_TRUE(typesetter.inside_character());
  typesetter.finish();
  EXPECT_FALSE(typesetter.inside_character());
  typesetter.add(1000, as_bytes("\x01"));
  typesetter.finish();
  EXPECT_EQ(out,
            "<pre class=hex>\n<i>00000000</i>  e2 82                                             ..\n</pre>\n"
            "<pre class=hex>\n<i>000003e8</i>  01                                                .\n</pre>\n");
}

/// One in nine is a control: neither text nor not, for ever. What is held must not grow.
TEST(Typesetter, DoubtIsBounded) {
  std::string out;
  Typesetter typesetter{out};
  for (unsigned i = 0; i < 1000; ++i) typesetter.add(9 * i, as_bytes("12345678\x01"));
  EXPECT_GT(out.size(), 9U * 1000 - Typesetter::kLongestDoubt);
}

TEST(Typesetter, PiecesAreNoMatter) {
  std::mt19937 dice{5};  // NOLINT(cert-msc51-cpp): the same in every run
  const std::vector<std::string> words{"plain text ",
                                       "Grüße 世界 ",
                                       "\r\n",
                                       "\r",
                                       "\xe2\x80\xae",
                                       "\x1b[0m",
                                       "\0\0"s,
                                       "\xff\xfe",
                                       "\xf0\x9f",
                                       "<&>\"'",
                                       "\x01\x02\x03\x04\x05\x06",
                                       "a line of text that is long enough to tell it is"};
  for (unsigned round = 0; round < 300; ++round) {
    std::string bytes;
    for (unsigned i = 0; i < 60; ++i) bytes += words[dice() % words.size()];
    const std::string whole = set(bytes, bytes.size());
    for (const std::size_t at_once : {1U, 2U, 5U, 17U, 64U}) ASSERT_EQ(set(bytes, at_once), whole) << "round " << round;
    EXPECT_EQ(whole.find_first_of("\r\0\x1b\xff"s), std::string::npos);
  }
}

}  // namespace
}  // namespace unspool::test
