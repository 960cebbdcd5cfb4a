#include "base/timestamp.h"

namespace unspool {
namespace {

/// Where the digits of each field begin in a pattern.
struct Places {
  std::size_t year, month, day, hours, minutes, seconds, micros;
};

/// Writes `value` over `width` characters, with leading zeros.
void put(char* field, unsigned width, std::uint64_t value) {
  for (unsigned i = width; i-- > 0; value /= 10) field[i] = static_cast<char>('0' + value % 10);
}

/// Into `text`, the pattern. By hand: a flow's line has three times, and with fmt they were a third of its cost.
void write(Timestamp t, char* text, const Places& at) {
  using namespace std::chrono;
  const auto micros = floor<microseconds>(t);  // first, so that no day's beginning is out of range
  const auto day = floor<days>(micros);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> time{micros - day};
  const auto number = [](auto count) { return static_cast<std::uint64_t>(count); };
  put(text + at.year, 4, number(static_cast<int>(date.year())));  // nanoseconds end in 2262
  put(text + at.month, 2, static_cast<unsigned>(date.month()));
  put(text + at.day, 2, static_cast<unsigned>(date.day()));
  put(text + at.hours, 2, number(time.hours().count()));
  put(text + at.minutes, 2, number(time.minutes().count()));
  put(text + at.seconds, 2, number(time.seconds().count()));
  put(text + at.micros, 6, number(time.subseconds().count()));
}

}  // namespace

EveTime::EveTime(Timestamp t) { write(t, text_.data(), {0, 5, 8, 11, 14, 17, 20}); }

std::string name_time(Timestamp t) {
  std::string text = "YYYYMMDDThhmmss.uuuuuuZ";
  write(t, text.data(), {0, 4, 6, 9, 11, 13, 16});
  return text;
}

}  // namespace unspool
